import { z } from 'zod';
import { type ChannelId } from '@shoal/protocol';
import { digestOf } from './gate.ts';
import { type Api, type ApiParts } from './parts.ts';
import { notFound } from './problems.ts';

const USER = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .describe('Chosen by the operator’s site: 1 to 64 characters of A-Z a-z 0-9 _ -');
const NAME = z.string().trim().min(1).max(40).describe('What others see');
const MADE = z.object({
  id: z.string(),
  token: z.string().describe('Shown this once: it is kept as a digest'),
  user: z.string(),
  name: z.string(),
  expiresAt: z.number().nullable(),
});

const HOUR_MS = 3_600_000;
/** Of a channel; the oldest are taken back beyond. A streamer has few places where alerts are shown. */
const OVERLAY_TOKENS = 10;
/** As long as anybody stays in one evening. */
const GUEST_MS = 24 * HOUR_MS;

/** Tokens: for those whom the operator's site knows, and for guests. */
export function tokenRoutes(app: Api, { gate, tokens, now, newId, newSecret }: ApiParts): void {
  const make = async (of: {
    readonly type: 'admin' | 'user' | 'alerts';
    readonly user: string;
    readonly name: string;
    readonly guest: boolean;
    readonly channel?: ChannelId;
    readonly expiresAt: number | null;
  }): Promise<z.output<typeof MADE>> => {
    const [id, token] = [newId(), newSecret()];
    await tokens.insert({
      ...{ id, digest: digestOf(token), type: of.type, user_id: of.user, name: of.name },
      ...{ guest: of.guest ? 1 : 0, channel: of.channel ?? null },
      ...{ created_at: now(), expires_at: of.expiresAt, revoked_at: null },
    });
    return { id, token, user: of.user, name: of.name, expiresAt: of.expiresAt };
  };
  app.route({
    method: 'POST',
    url: '/v1/auth/tokens',
    ...gate.needs('admin'),
    schema: {
      summary: 'Makes a token for somebody whom the operator’s site knows, or for another operator',
      body: z.object({
        user: USER,
        name: NAME,
        admin: z.boolean().default(false),
        hours: z.number().positive().max(87_600).nullable().default(24),
      }),
      response: { 201: MADE },
    },
    handler: async (request, reply) => {
      const { user, name, admin, hours } = request.body;
      const type = admin ? 'admin' : 'user';
      const expiresAt = hours === null ? null : now() + Math.round(hours * HOUR_MS);
      return reply.code(201).send(await make({ type, user, name, guest: false, expiresAt }));
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/auth/guest',
    ...gate.needs('anonymous'),
    schema: {
      summary: 'Makes somebody a guest with a name of their choice',
      body: z.object({ name: NAME }),
      response: { 201: MADE },
    },
    handler: async (request, reply) => {
      const user = `guest-${newId()}`.slice(0, 64);
      const { name } = request.body;
      const expiresAt = now() + GUEST_MS;
      return reply.code(201).send(await make({ type: 'user', user, name, guest: true, expiresAt }));
    },
  });
  app.route({
    method: 'DELETE',
    url: '/v1/auth/tokens/:token',
    ...gate.needs('admin'),
    schema: {
      summary: 'Takes a token back, by its id',
      params: z.object({ token: z.string().max(64) }),
      response: { 204: z.null() },
    },
    handler: async (request, reply) => {
      if (!(await tokens.revoke(request.params.token, now()))) throw notFound('token');
      return reply.code(204).send(null);
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/channels/:channel/overlay-token',
    ...gate.needs('streamer'),
    schema: {
      summary: `Makes a token that reads and acknowledges the alerts of the channel, and nothing else; the newest ${OVERLAY_TOKENS} hold`,
      params: z.object({ channel: z.string() }),
      body: z.object({}),
      response: { 201: MADE },
    },
    handler: async (request, reply) => {
      const { id: channel } = gate.channel(request);
      const of = { user: gate.userId(request), name: 'overlay', guest: false, expiresAt: null };
      const made = await make({ type: 'alerts', channel, ...of });
      await tokens.revokeAlerts(channel, { keep: OVERLAY_TOKENS, now: now() });
      return reply.code(201).send(made);
    },
  });
  app.route({
    method: 'DELETE',
    url: '/v1/channels/:channel/overlay-token',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Takes back all tokens that are for the alerts of the channel alone',
      params: z.object({ channel: z.string() }),
      response: { 204: z.null() },
    },
    handler: async (request, reply) => {
      const { id: channel } = gate.channel(request);
      await tokens.revokeAlerts(channel, { keep: 0, now: now() });
      return reply.code(204).send(null);
    },
  });
}
