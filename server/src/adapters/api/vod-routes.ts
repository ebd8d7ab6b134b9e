import { z } from 'zod';
import { broadcastOfRecording, isAtLeast } from '../../core/index.ts';
import { onAirOf } from '../broadcast/on-air.ts';
import { urlOf } from '../broadcast/playback-options.ts';
import { type BroadcastRow } from '../database/broadcast-table.ts';
import { askOrigin } from './ask-origin.ts';
import { NEXT, PAGE_QUERY, readPage, writeCursor } from './paging.ts';
import { type Api, type ApiParts } from './parts.ts';

const OF_CHANNEL = z.object({ channel: z.string() });
const VOD = z.object({
  id: z.string(),
  broadcast: z.string().nullable().describe('The broadcast that it is of, where that is known'),
  title: z.string(),
  beginAt: z.number(),
  endAt: z.number(),
  durationMs: z.number(),
  hls: z.string().describe('Multivariant playlist'),
  files: z.array(
    z.object({
      kind: z.string(),
      url: z.string(),
      size: z.number(),
      beginMs: z.number(),
      durationMs: z.number(),
    }),
  ),
});
const JOB = z.object({
  id: z.string(),
  vod: z.string(),
  type: z.string(),
  state: z.string(),
  progress: z.number().describe('Percent'),
  attempts: z.number(),
  reason: z.string().nullable(),
  createdAt: z.number(),
  startedAt: z.number().nullable(),
  finishedAt: z.number().nullable(),
  retryAt: z.number().nullable(),
});

/** What is left of streams, and what is made of it. */
export function vodRoutes(app: Api, { gate, broadcasts: parts }: ApiParts): void {
  const { table, playback, report } = parts;
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/vods',
    ...gate.needs('anonymous'),
    schema: {
      summary: 'What can be played again, newest first',
      params: OF_CHANNEL,
      querystring: PAGE_QUERY,
      response: { 200: z.object({ vods: z.array(VOD), next: NEXT }) },
    },
    handler: async (request) => {
      const { id, rank } = gate.channel(request);
      const { limit, cursor } = readPage(request.query);
      const before = cursor?.at ?? Infinity;
      const all = ((await askOrigin(() => report(id, 'recordings'))) ?? [])
        .filter(({ state, playlist }) => state !== 'running' && playlist !== undefined)
        .filter(({ broadcast }) => broadcast < before)
        .sort((one, other) => other.broadcast - one.broadcast);
      const from = Math.min(...all.map(({ beginAt }) => beginAt));
      const to = Math.max(...all.map(({ beginAt, endAt = beginAt }) => endAt));
      const aired = all.length === 0 ? [] : await table.onAir(id, { from, to });
      const onAir = aired.map(onAirOf);
      const rows: { readonly recording: (typeof all)[number]; readonly row?: BroadcastRow }[] = [];
      for (const recording of all) {
        const row = broadcastOfRecording({ endAt: undefined, ...recording }, onAir)?.row;
        if (row?.state === 'revoked' && !isAtLeast(rank, 'streamer')) continue;
        rows.push({ recording, ...(row !== undefined && { row }) });
        if (rows.length > limit) break;
      }
      const page = rows.slice(0, limit);
      const last = page.at(-1)?.recording.broadcast;
      const more = rows.length > limit && last !== undefined;
      return {
        vods: page.map(({ recording, row }) => ({
          ...{ id: String(recording.broadcast), broadcast: row?.id ?? null },
          ...{ title: row?.title ?? '', beginAt: recording.beginAt },
          ...{ endAt: recording.endAt ?? recording.beginAt, durationMs: recording.durationMs },
          hls: urlOf(recording.playlist ?? '', playback),
          files: (recording.products ?? []).map(({ path, kind, size, beginMs, durationMs }) => ({
            ...{ kind, url: urlOf(path, playback), size, beginMs, durationMs },
          })),
        })),
        next: writeCursor(more ? { at: last, id: '' } : undefined),
      };
    },
  });
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/jobs',
    ...gate.needs('streamer'),
    schema: {
      summary: 'What is made of recordings in the background',
      params: OF_CHANNEL,
      response: { 200: z.object({ jobs: z.array(JOB) }) },
    },
    handler: async (request) => {
      const jobs = (await askOrigin(() => report(gate.channel(request).id, 'jobs'))) ?? [];
      return {
        jobs: jobs.map(({ id, broadcast, type, state, progress, attempts, createdAt, ...of }) => ({
          ...{ id, vod: String(broadcast), type, state, progress, attempts, createdAt },
          ...{ reason: of.reason ?? null, startedAt: of.startedAt ?? null },
          ...{ finishedAt: of.finishedAt ?? null, retryAt: of.retryAt ?? null },
        })),
      };
    },
  });
}
