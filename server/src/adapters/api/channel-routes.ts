import { z } from 'zod';
import { parseChannelId } from '@shoal/protocol';
import { type ChannelRow, newChannel } from '../database/channel-table.ts';
import { NEXT, PAGE_QUERY, readPage, writeCursor } from './paging.ts';
import { type Api, type ApiParts } from './parts.ts';
import { conflict } from './problems.ts';
import { changedMeanwhile, etagOf, expectVersion } from './versions.ts';

const ID = z
  .string()
  .refine((id) => parseChannelId(id).ok, '1 to 64 characters of A-Z a-z 0-9 _ -')
  .describe('1 to 64 characters of A-Z a-z 0-9 _ -');
const TITLE = z.string().trim().max(140);
const CATEGORY = z.string().trim().max(60);
const TAGS = z.array(z.string().trim().min(1).max(25)).max(10);

const THUMBNAIL = z
  .url({ protocol: /^https$/ })
  .max(2_000)
  .nullable()
  .describe('URL of a picture on a site of yours, by https');

const CHANNEL = z.object({
  id: z.string(),
  title: z.string(),
  category: z.string(),
  tags: z.array(z.string()),
  thumbnail: z.string().nullable(),
  owner: z.string().nullable(),
  createdAt: z.number(),
  updatedAt: z.number(),
});

/** Channels: what they are called, and whose they are. */
export function channelRoutes(app: Api, parts: ApiParts): void {
  const { gate, channels, feed, now, newId } = parts;
  app.route({
    method: 'GET',
    url: '/v1/channels',
    ...gate.needs('anonymous'),
    schema: {
      summary: 'Channels, newest first',
      querystring: PAGE_QUERY,
      response: { 200: z.object({ channels: z.array(CHANNEL), next: NEXT }) },
    },
    handler: async (request) => {
      const { rows, next } = await channels.list(readPage(request.query));
      return { channels: rows.map(shown), next: writeCursor(next) };
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/channels',
    ...gate.needs('admin'),
    schema: {
      summary: 'Makes a channel',
      body: z.object({
        id: ID,
        title: TITLE.default(''),
        category: CATEGORY.default(''),
        tags: TAGS.default([]),
        thumbnail: THUMBNAIL.default(null),
        owner: z.string().min(1).max(64).nullable().default(null),
      }),
      response: { 201: CHANNEL },
    },
    handler: async (request, reply) => {
      const { id } = request.body;
      const row = newChannel(request.body, now());
      if (!(await channels.insert(row)))
        throw conflict('channel-exists', `there is a channel ${id}`);
      return reply
        .code(201)
        .headers({ Location: `/v1/channels/${id}`, ETag: etagOf(1) })
        .send(shown(row));
    },
  });
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel',
    ...gate.needs('anonymous'),
    schema: {
      summary: 'A channel',
      params: z.object({ channel: z.string() }),
      response: { 200: CHANNEL },
    },
    handler: async (request, reply) => {
      const { row } = gate.channel(request);
      return reply.header('ETag', etagOf(row.version)).send(shown(row));
    },
  });
  app.route({
    method: 'PATCH',
    url: '/v1/channels/:channel',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Changes title, category, tags or thumbnail, of which every viewer is told',
      params: z.object({ channel: z.string() }),
      body: z
        .object({ title: TITLE, category: CATEGORY, tags: TAGS, thumbnail: THUMBNAIL })
        .partial()
        .refine((body) => Object.keys(body).length > 0, 'nothing is changed'),
      response: { 200: CHANNEL },
    },
    handler: async (request, reply) => {
      const { id, row } = gate.channel(request);
      const { title = row.title, category = row.category } = request.body;
      const { thumbnail = row.thumbnail } = request.body;
      const tags = request.body.tags ?? tagsOf(row);
      const version = expectVersion(request.headers['if-match'], row.version);
      const at = now();
      const change = { title, category, tags: JSON.stringify(tags), thumbnail, updated_at: at };
      const changed = await channels.update(id, change, version);
      if (changed === undefined) throw changedMeanwhile();
      await feed.append(
        { channel: id, audience: 'viewers' },
        { type: 'channel.updated', data: { title, category, tags, thumbnail } },
        { at, id: newId() },
      );
      return reply.header('ETag', etagOf(changed.version)).send(shown(changed));
    },
  });
}

function tagsOf(row: ChannelRow): readonly string[] {
  return z.array(z.string()).parse(JSON.parse(row.tags));
}

function shown(row: ChannelRow): z.output<typeof CHANNEL> {
  return {
    ...{ id: row.id, title: row.title, category: row.category, owner: row.owner },
    ...{ tags: [...tagsOf(row)], thumbnail: row.thumbnail },
    ...{ createdAt: row.created_at, updatedAt: row.updated_at },
  };
}
