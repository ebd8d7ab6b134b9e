import { z } from 'zod';
import { CHAT_LIMITS, type Rank, rankOf, whyNoBan } from '../../core/index.ts';
import { type BanRow } from '../database/ban-table.ts';
import { type InChannel } from './gate.ts';
import { NEXT, PAGE_QUERY, readPage, writeCursor } from './paging.ts';
import { type Api, type ApiParts } from './parts.ts';
import { ApiProblem, conflict, notFound } from './problems.ts';
import { ID, line } from './texts.ts';

const BAN = z.object({
  user: z.string(),
  until: z.number().nullable().describe('Null: for good'),
  reason: z.string(),
  by: z.string(),
  at: z.number(),
});
const OF_USER = z.object({ channel: z.string(), user: ID });

/** Bans and time-outs of a channel. */
export function banRoutes(app: Api, parts: ApiParts): void {
  const { gate, feed, now, newId } = parts;
  const { bans, messages } = parts.chat;
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/bans',
    ...gate.needs('moderator'),
    schema: {
      summary: 'Bans and time-outs that hold, newest first',
      params: z.object({ channel: z.string() }),
      querystring: PAGE_QUERY,
      response: { 200: z.object({ bans: z.array(BAN), next: NEXT }) },
    },
    handler: async (request) => {
      const { id } = gate.channel(request);
      const { rows, next } = await bans.list(id, readPage(request.query), now());
      return { bans: rows.map(shown), next: writeCursor(next) };
    },
  });
  app.route({
    method: 'PUT',
    url: '/v1/channels/:channel/bans/:user',
    ...gate.needs('moderator'),
    schema: {
      summary: 'Bans somebody of a lower rank from the chat, for good or for some time',
      params: OF_USER,
      body: z.object({
        seconds: z
          .number()
          .int()
          .min(1)
          .max(CHAT_LIMITS.timeOutSeconds)
          .nullable()
          .default(null)
          .describe('Of a time-out; null bans for good'),
        reason: line(CHAT_LIMITS.reasonLength).default(''),
        deleteMessages: z
          .boolean()
          .default(false)
          .describe(`Deletes their last ${CHAT_LIMITS.deletedWithBan} messages`),
      }),
      response: { 200: BAN },
    },
    handler: async (request) => {
      const where = gate.channel(request);
      const { user } = request.params;
      const { seconds, reason, deleteMessages } = request.body;
      const by = gate.userId(request);
      const rank = await rankOfUser(parts, where, user);
      const why = whyNoBan({ id: by, rank: where.rank }, { id: user, rank });
      if (why !== undefined) throw new ApiProblem(403, { code: 'forbidden', detail: why });
      const at = now();
      const before = await bans.find(where.id, user, at);
      if (before === undefined && (await bans.count(where.id)) >= CHAT_LIMITS.bans)
        throw conflict('too-many-bans', `a channel has at most ${CHAT_LIMITS.bans} bans`);
      const until = seconds === null ? null : at + seconds * 1000;
      const row: BanRow = { channel: where.id, user_id: user, until, reason, by, at };
      await bans.put(row);
      await feed.append(
        { channel: where.id, audience: 'viewers' },
        { type: 'chat.user.banned', data: until === null ? { user } : { user, until } },
        { at, id: newId() },
      );
      if (deleteMessages) await messages.deleteLast(where.id, user, { by, at });
      return shown(row);
    },
  });
  app.route({
    method: 'DELETE',
    url: '/v1/channels/:channel/bans/:user',
    ...gate.needs('moderator'),
    schema: {
      summary: 'Ends a ban or time-out',
      params: OF_USER,
      response: { 204: z.null() },
    },
    handler: async (request, reply) => {
      const { id } = gate.channel(request);
      const { user } = request.params;
      const at = now();
      if (!(await bans.remove(id, user, at))) throw notFound('ban');
      await feed.append(
        { channel: id, audience: 'viewers' },
        { type: 'chat.user.unbanned', data: { user } },
        { at, id: newId() },
      );
      return reply.code(204).send(null);
    },
  });
}

/** The rank of somebody who does not make the request. */
async function rankOfUser(
  { tokens, channels, now }: ApiParts,
  { id, row }: InChannel,
  user: string,
): Promise<Rank> {
  const { admin } = await tokens.kindOf(user, now());
  if (admin) return 'admin';
  const moderators = new Set((await channels.moderates(id, user)) ? [user] : []);
  const actor = { type: 'user', id: user, name: user, guest: false } as const;
  return rankOf(actor, { owner: row.owner ?? undefined, moderators });
}

function shown({ user_id, until, reason, by, at }: BanRow): z.output<typeof BAN> {
  return { user: user_id, until, reason, by, at };
}
