import { z } from 'zod';
import { BROADCAST_LIMITS } from '../../core/index.ts';
import { type StreamKeyRow } from '../database/stream-key-table.ts';
import { type Api, type ApiParts } from './parts.ts';
import { conflict, notFound } from './problems.ts';

const KEY = z.object({
  id: z.string(),
  hint: z.string().describe('Its last characters'),
  createdAt: z.number(),
  usedAt: z.number().nullable().describe('When somebody was let in with it last'),
  validUntil: z.number().nullable().describe('Null: until it is taken back'),
});
const MADE = KEY.extend({ key: z.string().describe('Shown this once: it is kept as a digest') });
const OF_KEY = z.object({ channel: z.string(), key: z.string().max(100) });

/** Keys with which encoders publish to a channel. */
export function streamKeyRoutes(app: Api, { gate, broadcasts: { keys } }: ApiParts): void {
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/stream-keys',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Stream keys that are valid, newest first, without the keys themselves',
      params: z.object({ channel: z.string() }),
      response: { 200: z.object({ keys: z.array(KEY) }) },
    },
    handler: async (request) => {
      const rows = await keys.list(gate.channel(request).id);
      return { keys: rows.map(shown) };
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/channels/:channel/stream-keys',
    ...gate.needs('streamer'),
    schema: {
      summary: `Makes a stream key; a channel has at most ${BROADCAST_LIMITS.keys}`,
      params: z.object({ channel: z.string() }),
      response: { 201: MADE },
    },
    handler: async (request, reply) => {
      const made = await keys.make(gate.channel(request).id);
      if (made === undefined)
        throw conflict(
          'too-many-stream-keys',
          `a channel has at most ${BROADCAST_LIMITS.keys} stream keys`,
        );
      return reply.code(201).send({ ...shown(made.row), key: made.key });
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/channels/:channel/stream-keys/:key/rotate',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Makes a stream key in the place of one; without grace its publisher is dropped',
      params: OF_KEY,
      body: z
        .object({
          graceSeconds: z
            .int()
            .min(0)
            .max(BROADCAST_LIMITS.keyGraceMs / 1_000)
            .default(0)
            .describe('How long the old one is valid still'),
        })
        .nullish(),
      response: { 201: MADE },
    },
    handler: async (request, reply) => {
      const { id } = gate.channel(request);
      const graceMs = (request.body?.graceSeconds ?? 0) * 1_000;
      const made = await keys.rotate(id, request.params.key, graceMs);
      if (!made.ok) throw notFound('stream key');
      const { key, row } = made.value;
      return reply.code(201).send({ ...shown(row), key });
    },
  });
  app.route({
    method: 'DELETE',
    url: '/v1/channels/:channel/stream-keys/:key',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Takes a stream key back; its publisher is dropped',
      params: OF_KEY,
      response: { 204: z.null() },
    },
    handler: async (request, reply) => {
      const { id } = gate.channel(request);
      if (!(await keys.revoke(id, request.params.key))) throw notFound('stream key');
      return reply.code(204).send(null);
    },
  });
}

function shown(row: StreamKeyRow): z.output<typeof KEY> {
  return {
    ...{ id: row.id, hint: row.hint, createdAt: row.created_at },
    ...{ usedAt: row.used_at, validUntil: row.revoked_at },
  };
}
