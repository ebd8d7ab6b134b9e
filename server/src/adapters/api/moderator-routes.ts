import { z } from 'zod';
import { CHAT_LIMITS } from '../../core/index.ts';
import { type ModeratorRow } from '../database/channel-table.ts';
import { type Api, type ApiParts } from './parts.ts';
import { conflict, notFound } from './problems.ts';
import { ID, line } from './texts.ts';

const MODERATOR = z.object({
  user: z.string(),
  name: z.string(),
  addedAt: z.number(),
  addedBy: z.string(),
});
const OF_USER = z.object({ channel: z.string(), user: ID });

/** Who moderates a channel. */
export function moderatorRoutes(app: Api, parts: ApiParts): void {
  const { gate, channels, tokens, now } = parts;
  const { bans } = parts.chat;
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/moderators',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Moderators, at most 100',
      params: z.object({ channel: z.string() }),
      response: { 200: z.object({ moderators: z.array(MODERATOR) }) },
    },
    handler: async (request) => {
      const rows = await channels.moderators(gate.channel(request).id);
      return { moderators: rows.map(shown) };
    },
  });
  app.route({
    method: 'PUT',
    url: '/v1/channels/:channel/moderators/:user',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Makes somebody with an account a moderator',
      params: OF_USER,
      body: z.object({ name: line(40).min(1).optional().describe('For the list of moderators') }),
      response: { 200: MODERATOR },
    },
    handler: async (request) => {
      const { id, row: channel } = gate.channel(request);
      const { user } = request.params;
      const { name = user } = request.body;
      const at = now();
      if (channel.owner === user)
        throw conflict('is-streamer', 'the streamer of a channel needs not moderate it');
      if ((await tokens.kindOf(user, at)).guest)
        throw conflict('account-needed', 'a guest cannot be a moderator');
      if ((await bans.find(id, user, at)) !== undefined)
        throw conflict('is-banned', 'somebody who is banned cannot be a moderator');
      const before = await channels.moderators(id);
      const known = before.find(({ user_id }) => user_id === user);
      if (known !== undefined) return shown(known);
      if (before.length >= CHAT_LIMITS.moderators)
        throw conflict(
          'too-many-moderators',
          `a channel has at most ${CHAT_LIMITS.moderators} moderators`,
        );
      const added_by = gate.userId(request);
      const row: ModeratorRow = { channel: id, user_id: user, name, added_at: at, added_by };
      await channels.addModerator(row);
      return shown(row);
    },
  });
  app.route({
    method: 'DELETE',
    url: '/v1/channels/:channel/moderators/:user',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Makes a moderator a viewer again',
      params: OF_USER,
      response: { 204: z.null() },
    },
    handler: async (request, reply) => {
      const { id } = gate.channel(request);
      if (!(await channels.removeModerator(id, request.params.user))) throw notFound('moderator');
      return reply.code(204).send(null);
    },
  });
}

function shown({ user_id, name, added_at, added_by }: ModeratorRow): z.output<typeof MODERATOR> {
  return { user: user_id, name, addedAt: added_at, addedBy: added_by };
}
