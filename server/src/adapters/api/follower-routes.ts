import { z } from 'zod';
import { type Actor } from '../../core/index.ts';
import { type Api, type ApiParts } from './parts.ts';
import { ApiProblem } from './problems.ts';

const CHANNEL = z.object({ channel: z.string() });
const FOLLOWS = z.object({
  since: z.number().nullable().describe('Null for who does not follow'),
});

/** Who follows a channel: everybody may for themselves, except guests. */
export function followerRoutes(app: Api, parts: ApiParts): void {
  const { gate, now } = parts;
  const { audience } = parts.chat;
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/followers',
    ...gate.needs('anonymous'),
    schema: {
      summary: 'How many follow the channel',
      params: CHANNEL,
      response: { 200: z.object({ count: z.number() }) },
    },
    handler: async (request) => ({ count: await audience.followers(gate.channel(request).id) }),
  });
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/followers/me',
    ...gate.needs('viewer'),
    schema: {
      summary: 'Whether one follows the channel',
      params: CHANNEL,
      response: { 200: FOLLOWS },
    },
    handler: async (request) => {
      const { id } = gate.channel(request);
      return { since: (await audience.follows(id, gate.userId(request))) ?? null };
    },
  });
  app.route({
    method: 'PUT',
    url: '/v1/channels/:channel/followers/me',
    ...gate.needs('viewer'),
    schema: { summary: 'Follows the channel', params: CHANNEL, response: { 200: FOLLOWS } },
    handler: async (request) => {
      const { id } = gate.channel(request);
      const user = accountOf(gate.actor(request));
      await audience.follow(id, user, now());
      return { since: (await audience.follows(id, user)) ?? null };
    },
  });
  app.route({
    method: 'DELETE',
    url: '/v1/channels/:channel/followers/me',
    ...gate.needs('viewer'),
    schema: {
      summary: 'Follows the channel no longer',
      params: CHANNEL,
      response: { 204: z.null() },
    },
    handler: async (request, reply) => {
      await audience.unfollow(gate.channel(request).id, accountOf(gate.actor(request)));
      return reply.code(204).send(null);
    },
  });
}

function accountOf(actor: Actor): string {
  if (actor.type === 'anonymous' || (actor.type === 'user' && actor.guest))
    throw new ApiProblem(403, { code: 'account-needed', detail: 'this needs an account' });
  return actor.id;
}
