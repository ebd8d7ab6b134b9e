import { z } from 'zod';
import {
  blockedWord,
  CHAT_LIMITS,
  CHAT_MODES,
  type ChatRefusal,
  isAtLeast,
  type Rank,
} from '../../core/index.ts';
import { settingsOf } from '../chat/chat.ts';
import { type ChannelRow } from '../database/channel-table.ts';
import { NEXT, PAGE_QUERY, readPage, writeCursor } from './paging.ts';
import { type Api, type ApiParts } from './parts.ts';
import { ApiProblem, notFound } from './problems.ts';
import { MESSAGE, shownMessage } from './shown-message.ts';
import { ID, line } from './texts.ts';
import { changedMeanwhile, etagOf, expectVersion } from './versions.ts';

const CHANNEL = z.object({ channel: z.string() });
const MODE = z.enum(CHAT_MODES);
const SLOW = z.number().int().min(0).max(CHAT_LIMITS.slowModeSeconds);
const WORD = line(CHAT_LIMITS.blockedWordLength)
  .min(1)
  .refine((word) => blockedWord(word, [word]) !== undefined, 'it has neither letters nor digits');
const WORDS = z.array(WORD).max(CHAT_LIMITS.blockedWords);
const SETTINGS = z.object({
  mode: MODE.describe('Who may write'),
  slowModeSeconds: z.number().describe('Between two messages of one viewer'),
  blockedWords: z.array(z.string()).nullable().describe('For moderators'),
});

const STATUS: Readonly<Record<ChatRefusal['code'], number>> = {
  'invalid-message': 400,
  'not-allowed': 403,
  banned: 403,
  'timed-out': 403,
  'blocked-word': 403,
  'slow-mode': 429,
  'rate-limited': 429,
};

/** Messages of the chat of a channel, and how it is run. */
export function chatRoutes(app: Api, parts: ApiParts): void {
  messageRoutes(app, parts);
  settingsRoutes(app, parts);
}

function messageRoutes(app: Api, { gate, chat: { chat, messages }, now }: ApiParts): void {
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/chat/messages',
    ...gate.needs('anonymous'),
    schema: {
      summary: 'Messages, in the order in which viewers were told them, the last first',
      params: CHANNEL,
      querystring: PAGE_QUERY,
      response: { 200: z.object({ messages: z.array(MESSAGE), next: NEXT }) },
    },
    handler: async (request) => {
      const { id, rank } = gate.channel(request);
      const { rows, next } = await messages.list(id, readPage(request.query));
      return {
        messages: rows.map((row) => shownMessage(row, rank)),
        next: writeCursor(next),
      };
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/channels/:channel/chat/messages',
    ...gate.needs('viewer'),
    schema: {
      summary: 'Writes a message, of which every viewer is told',
      params: CHANNEL,
      body: z.object({ text: z.string().describe('Plain text, at most 500 characters') }),
      response: { 201: MESSAGE },
    },
    handler: async (request, reply) => {
      const where = gate.channel(request);
      const taken = await chat.send(where, gate.actor(request), request.body.text);
      if (!taken.ok) throw refused(taken.error);
      return reply.code(201).send(shownMessage(taken.value, where.rank));
    },
  });
  app.route({
    method: 'DELETE',
    url: '/v1/channels/:channel/chat/messages/:message',
    ...gate.needs('viewer'),
    schema: {
      summary: 'Deletes a message: one’s own, or as a moderator any',
      params: z.object({ channel: z.string(), message: ID }),
      response: { 204: z.null() },
    },
    handler: async (request, reply) => {
      const { id, rank } = gate.channel(request);
      const user = gate.userId(request);
      const row = await messages.find(id, request.params.message);
      if (row === undefined) throw notFound('message');
      if (row.author_id !== user && !isAtLeast(rank, 'moderator'))
        throw new ApiProblem(403, {
          code: 'forbidden',
          detail: 'only moderators delete messages of others',
        });
      await messages.delete(id, row.id, { by: user, at: now() });
      return reply.code(204).send(null);
    },
  });
}

function settingsRoutes(app: Api, { gate, channels, feed, now, newId }: ApiParts): void {
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/chat/settings',
    ...gate.needs('anonymous'),
    schema: {
      summary: 'How the chat is run; its blocked words are shown to moderators',
      params: CHANNEL,
      response: { 200: SETTINGS },
    },
    handler: async (request, reply) => {
      const { row, rank } = gate.channel(request);
      return reply.header('ETag', etagOf(row.version)).send(shownSettings(row, rank));
    },
  });
  app.route({
    method: 'PATCH',
    url: '/v1/channels/:channel/chat/settings',
    ...gate.needs('moderator'),
    schema: {
      summary: 'Changes how the chat is run, of which every viewer is told',
      params: CHANNEL,
      body: z
        .object({ mode: MODE, slowModeSeconds: SLOW, blockedWords: WORDS })
        .partial()
        .refine((body) => Object.keys(body).length > 0, 'nothing is changed'),
      response: { 200: SETTINGS },
    },
    handler: async (request, reply) => {
      const { id, row, rank } = gate.channel(request);
      const before = settingsOf(row);
      const { mode = before.mode, slowModeSeconds = before.slowModeSeconds } = request.body;
      const { blockedWords = before.blockedWords } = request.body;
      const version = expectVersion(request.headers['if-match'], row.version);
      const at = now();
      const change = {
        ...{ chat_mode: mode, chat_slow_seconds: slowModeSeconds },
        ...{ chat_blocked_words: JSON.stringify(blockedWords), updated_at: at },
      };
      const changed = await channels.update(id, change, version);
      if (changed === undefined) throw changedMeanwhile();
      await feed.append(
        { channel: id, audience: 'viewers' },
        { type: 'chat.settings.updated', data: { mode, slowModeSeconds } },
        { at, id: newId() },
      );
      return reply.header('ETag', etagOf(changed.version)).send(shownSettings(changed, rank));
    },
  });
}

function shownSettings(row: ChannelRow, rank: Rank): z.output<typeof SETTINGS> {
  const { mode, slowModeSeconds, blockedWords } = settingsOf(row);
  const words = isAtLeast(rank, 'moderator') ? [...blockedWords] : null;
  return { mode, slowModeSeconds, blockedWords: words };
}

function refused({ code, reason, retryAfterMs }: ChatRefusal): ApiProblem {
  const headers: Record<string, string> =
    retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) };
  return new ApiProblem(STATUS[code], { code, detail: reason, headers });
}
