import { z } from 'zod';
import { HOOK_EVENTS, HOOK_LIMITS, TEST_EVENT } from '../../core/index.ts';
import { secretsOf, wantedOf, type WebhookRow, writeSecrets } from '../database/webhook-table.ts';
import { readTarget } from '../webhooks/target.ts';
import { DELIVERY, shownDelivery } from './delivery-routes.ts';
import { findHook } from './find-hook.ts';
import { type Api, type ApiParts } from './parts.ts';
import { ApiProblem, conflict } from './problems.ts';
import { changedMeanwhile, etagOf, expectVersion } from './versions.ts';

const PARAMS = z.object({ channel: z.string() });
const ONE = z.object({ channel: z.string(), webhook: z.string().max(100) });
const TYPES = z
  .array(z.enum(HOOK_EVENTS as [string, ...string[]]))
  .min(1)
  .max(50)
  .nullable()
  .describe('Types of events; null: all but chat.message');
const URL_OF = z.string().min(1).max(HOOK_LIMITS.urlLength);

const WEBHOOK = z.object({
  id: z.string(),
  url: z.string(),
  types: z.array(z.string()).nullable(),
  active: z.boolean(),
  disabledReason: z.string().nullable().describe('Why it was switched off by itself'),
  failingSince: z.number().nullable(),
  createdAt: z.number(),
});
const WITH_SECRET = WEBHOOK.extend({
  secret: z.string().describe('Of the signatures (Standard Webhooks); shown this once'),
});

/** Webhooks of a channel. */
export function webhookRoutes(app: Api, parts: ApiParts): void {
  const { gate, once, feed, now, newId, newSecret } = parts;
  const { webhooks, deliveries, policy, wake } = parts.webhooks;
  const makeSecret = (): string =>
    `whsec_${Buffer.from(newSecret(), 'base64url').toString('base64')}`;
  const checked = (url: string): string => {
    const target = readTarget(url, policy);
    if (!target.ok) throw new ApiProblem(422, { code: 'invalid-url', detail: target.error });
    return target.value.href;
  };
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/webhooks',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Webhooks of the channel, oldest first; they are few',
      params: PARAMS,
      response: { 200: z.object({ webhooks: z.array(WEBHOOK) }) },
    },
    handler: async (request) => {
      const rows = await webhooks.list(gate.channel(request).id);
      return { webhooks: rows.map(shown) };
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/channels/:channel/webhooks',
    ...once.keyed('streamer'),
    schema: {
      summary: 'Adds a webhook, which is sent events from now on. Takes an Idempotency-Key',
      params: PARAMS,
      body: z.object({ url: URL_OF, types: TYPES.default(null) }),
      response: { 201: WITH_SECRET },
    },
    handler: async (request, reply) => {
      const { id: channel } = gate.channel(request);
      const { url, types } = request.body;
      const secret = makeSecret();
      const row: WebhookRow = {
        ...{ id: once.id(request), channel, url: checked(url), active: 1 },
        secrets: writeSecrets([{ secret, until: null }]),
        types: types === null ? null : JSON.stringify(types),
        ...{ disabled_reason: null, failing_since: null, created_at: now(), version: 1 },
        after_viewers: await feed.last({ channel, audience: 'viewers' }),
        after_streamer: await feed.last({ channel, audience: 'streamer' }),
      };
      const inserted = await webhooks.insert(row);
      if (inserted === 'full')
        throw conflict('too-many-webhooks', `a channel has at most ${HOOK_LIMITS.perChannel}`);
      // It is there where the same request was broken off before.
      const made = inserted === 'there' ? await findHook(parts, request, row.id) : row;
      return reply
        .code(201)
        .headers({
          Location: `/v1/channels/${channel}/webhooks/${made.id}`,
          ETag: etagOf(made.version),
        })
        .send({ ...shown(made), secret: secretsOf(made)[0]?.secret ?? secret });
    },
  });
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/webhooks/:webhook',
    ...gate.needs('streamer'),
    schema: { summary: 'A webhook', params: ONE, response: { 200: WEBHOOK } },
    handler: async (request, reply) => {
      const row = await findHook(parts, request, request.params.webhook);
      return reply.header('ETag', etagOf(row.version)).send(shown(row));
    },
  });
  app.route({
    method: 'PATCH',
    url: '/v1/channels/:channel/webhooks/:webhook',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Changes a webhook; one that is switched on again is sent what happens from then on',
      params: ONE,
      body: z
        .object({ url: URL_OF, types: TYPES, active: z.boolean() })
        .partial()
        .refine((body) => Object.keys(body).length > 0, 'nothing is changed'),
      response: { 200: WEBHOOK },
    },
    handler: async (request, reply) => {
      const { id: channel } = gate.channel(request);
      const row = await findHook(parts, request, request.params.webhook);
      const { url, types, active } = request.body;
      const version = expectVersion(request.headers['if-match'], row.version);
      const begins = active === true && row.active === 0;
      const change = {
        ...(url !== undefined && { url: checked(url) }),
        ...(types !== undefined && { types: types === null ? null : JSON.stringify(types) }),
        ...(active !== undefined && { active: active ? 1 : 0 }),
        ...(begins && {
          ...{ disabled_reason: null, failing_since: null },
          after_viewers: await feed.last({ channel, audience: 'viewers' }),
          after_streamer: await feed.last({ channel, audience: 'streamer' }),
        }),
      };
      const changed = await webhooks.update(row.id, change, version);
      if (changed === undefined) throw changedMeanwhile();
      return reply.header('ETag', etagOf(changed.version)).send(shown(changed));
    },
  });
  app.route({
    method: 'DELETE',
    url: '/v1/channels/:channel/webhooks/:webhook',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Removes a webhook and the log of its deliveries',
      params: ONE,
      response: { 204: z.null() },
    },
    handler: async (request, reply) => {
      const row = await findHook(parts, request, request.params.webhook);
      await webhooks.delete(row.id);
      return reply.code(204).send(null);
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/channels/:channel/webhooks/:webhook/secret',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Makes a new secret; the one before signs beside it for a day',
      params: ONE,
      response: { 200: WITH_SECRET },
    },
    handler: async (request, reply) => {
      const row = await findHook(parts, request, request.params.webhook);
      const secret = makeSecret();
      const until = now() + HOOK_LIMITS.rotateMs;
      const before = secretsOf(row)
        .slice(0, 1)
        .map((old) => ({ secret: old.secret, until }));
      const secrets = writeSecrets([{ secret, until: null }, ...before]);
      const changed = await webhooks.update(row.id, { secrets }, row.version);
      if (changed === undefined) throw changedMeanwhile();
      return reply.header('ETag', etagOf(changed.version)).send({ ...shown(changed), secret });
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/channels/:channel/webhooks/:webhook/test',
    ...once.keyed('streamer'),
    schema: {
      summary: 'Sends an event webhook.test. Takes an Idempotency-Key',
      params: ONE,
      body: z.object({}).nullish(),
      response: { 202: DELIVERY },
    },
    handler: async (request, reply) => {
      const row = await findHook(parts, request, request.params.webhook);
      if (row.active === 0) throw conflict('webhook-off', 'the webhook is switched off');
      const [id, at] = [once.id(request), now()];
      const timestamp = new Date(at).toISOString();
      const body = { type: TEST_EVENT, timestamp, data: {}, id, channel: row.channel, version: 1 };
      const delivery = await deliveries.add(row.id, {
        ...{ id: newId(), event_id: id, event_type: TEST_EVENT, created_at: at },
        body: JSON.stringify(body),
      });
      wake();
      return reply.code(202).send(shownDelivery(delivery));
    },
  });
}

function shown(row: WebhookRow): z.output<typeof WEBHOOK> {
  const types = wantedOf(row);
  return {
    ...{ id: row.id, url: row.url, types: types === undefined ? null : [...types] },
    ...{ active: row.active === 1, disabledReason: row.disabled_reason },
    ...{ failingSince: row.failing_since, createdAt: row.created_at },
  };
}
