import { z } from 'zod';
import { type Result } from '@shoal/protocol';
import { BROADCAST_LIMITS, isAtLeast, isPublic, REQUESTED_STATES } from '../../core/index.ts';
import { type BroadcastRefusal } from '../broadcast/broadcasts.ts';
import { type BroadcastRow, readBroadcast } from '../database/broadcast-table.ts';
import { NEXT, PAGE_QUERY, readPage, writeCursor } from './paging.ts';
import { type Api, type ApiParts } from './parts.ts';
import { conflict, notFound } from './problems.ts';
import { changedMeanwhile, etagOf, expectVersion } from './versions.ts';

const TITLE = z.string().trim().max(BROADCAST_LIMITS.titleLength);
const SCHEDULED = z
  .int()
  .min(0)
  .max(8_640_000_000_000_000)
  .nullable()
  .describe(
    'When it is to begin, Unix milliseconds: of those that are ready the first one is on first',
  );
const AUTO_START = z.boolean().describe('Goes live with the stream of the channel');
const AUTO_STOP = z.boolean().describe('Is complete when the stream is over');
const OF_BROADCAST = z.object({ channel: z.string(), broadcast: z.string().max(100) });

const BROADCAST = z.object({
  id: z.string(),
  title: z.string(),
  state: z.string(),
  autoStart: z.boolean(),
  autoStop: z.boolean(),
  scheduledAt: z.number().nullable(),
  createdAt: z.number(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
});

/** Broadcasts: what a channel shows at one time. */
export function broadcastRoutes(app: Api, { gate, broadcasts: parts }: ApiParts): void {
  const { broadcasts, table } = parts;
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/broadcasts',
    ...gate.needs('anonymous'),
    schema: {
      summary: 'Broadcasts, newest first; what is only planned or tested is for the streamer',
      params: z.object({ channel: z.string() }),
      querystring: PAGE_QUERY,
      response: { 200: z.object({ broadcasts: z.array(BROADCAST), next: NEXT }) },
    },
    handler: async (request) => {
      const { id, rank } = gate.channel(request);
      const which = isAtLeast(rank, 'streamer') ? 'all' : 'public';
      const { rows, next } = await table.list(id, readPage(request.query), which);
      return { broadcasts: rows.map(shown), next: writeCursor(next) };
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/channels/:channel/broadcasts',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Plans a broadcast, of which viewers are not told',
      params: z.object({ channel: z.string() }),
      body: z.object({
        title: TITLE.optional().describe('Default: that of the channel'),
        autoStart: AUTO_START.default(true),
        autoStop: AUTO_STOP.default(true),
        scheduledAt: SCHEDULED.default(null),
      }),
      response: { 201: BROADCAST },
    },
    handler: async (request, reply) => {
      const { id, row: channel } = gate.channel(request);
      const { title = channel.title, ...choices } = request.body;
      const row = expect(await broadcasts.create(id, { title, ...choices }));
      return reply
        .code(201)
        .headers({
          Location: `/v1/channels/${id}/broadcasts/${row.id}`,
          ETag: etagOf(row.version),
        })
        .send(shown(row));
    },
  });
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/broadcasts/:broadcast',
    ...gate.needs('anonymous'),
    schema: {
      summary: 'A broadcast',
      params: OF_BROADCAST,
      response: { 200: BROADCAST },
    },
    handler: async (request, reply) => {
      const { id, rank } = gate.channel(request);
      const row = await table.find(id, request.params.broadcast);
      const known = row !== undefined && row.state !== 'revoked' && isPublic(readBroadcast(row));
      if (row === undefined || !(known || isAtLeast(rank, 'streamer'))) throw notFound('broadcast');
      return reply.header('ETag', etagOf(row.version)).send(shown(row));
    },
  });
  app.route({
    method: 'PATCH',
    url: '/v1/channels/:channel/broadcasts/:broadcast',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Changes a broadcast; of one that is over the title alone',
      params: OF_BROADCAST,
      body: z
        .object({
          ...{ title: TITLE, autoStart: AUTO_START, autoStop: AUTO_STOP, scheduledAt: SCHEDULED },
        })
        .partial()
        .refine((body) => Object.keys(body).length > 0, 'nothing is changed'),
      response: { 200: BROADCAST },
    },
    handler: async (request, reply) => {
      const { id } = gate.channel(request);
      const version = await meant(id, request.params.broadcast, request.headers['if-match']);
      const { title, autoStart, autoStop, scheduledAt } = request.body;
      const choices = {
        ...(title !== undefined && { title }),
        ...(autoStart !== undefined && { autoStart }),
        ...(autoStop !== undefined && { autoStop }),
        ...(scheduledAt !== undefined && { scheduledAt }),
      };
      const of = { id: request.params.broadcast, version };
      const row = expect(await broadcasts.change(id, of, choices));
      return reply.header('ETag', etagOf(row.version)).send(shown(row));
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/channels/:channel/broadcasts/:broadcast/transition',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Moves a broadcast to another state; to the one that it is in, nothing happens',
      params: OF_BROADCAST,
      body: z.object({ to: z.enum(REQUESTED_STATES) }),
      response: { 200: BROADCAST },
    },
    handler: async (request, reply) => {
      const { id, rank } = gate.channel(request);
      const version = await meant(id, request.params.broadcast, request.headers['if-match']);
      const of = { id: request.params.broadcast, version, byOperator: rank === 'admin' };
      const row = expect(await broadcasts.transition(id, of, request.body.to));
      return reply.header('ETag', etagOf(row.version)).send(shown(row));
    },
  });

  /** The version that the request is meant for; undefined for any. */
  const meant = async (
    ...[channel, id, ifMatch]: [...Parameters<typeof table.find>, ifMatch: string | undefined]
  ): Promise<number | undefined> => {
    if (ifMatch === undefined) return undefined;
    const row = await table.find(channel, id);
    if (row === undefined) throw notFound('broadcast');
    return ifMatch.trim() === '*' ? undefined : expectVersion(ifMatch, row.version);
  };
}

function expect(done: Result<BroadcastRow, BroadcastRefusal>): BroadcastRow {
  if (done.ok) return done.value;
  const { code, reason } = done.error;
  if (code === 'not-found') throw notFound('broadcast');
  if (code === 'changed-meanwhile') throw changedMeanwhile();
  throw conflict(code, reason);
}

function shown(row: BroadcastRow): z.output<typeof BROADCAST> {
  const { autoStart, autoStop } = readBroadcast(row);
  return {
    ...{ id: row.id, title: row.title, state: row.state, autoStart, autoStop },
    ...{ scheduledAt: row.scheduled_at, createdAt: row.created_at },
    ...{ startedAt: row.started_at, endedAt: row.ended_at },
  };
}
