import { z } from 'zod';
import { isPublic } from '../../core/index.ts';
import { urlOf } from '../broadcast/playback-options.ts';
import { type BroadcastRow, readBroadcast } from '../database/broadcast-table.ts';
import { askOrigin } from './ask-origin.ts';
import { type Api, type ApiParts } from './parts.ts';

const OF_CHANNEL = z.object({ channel: z.string() });
const PLAYBACK = z.object({
  channel: z.string(),
  state: z.enum(['online', 'interrupted', 'offline']),
  broadcast: z
    .object({ id: z.string(), title: z.string(), state: z.string(), startedAt: z.number() })
    .nullable(),
  hls: z.string().nullable().describe('Multivariant playlist, live'),
  lowLatency: z.string().nullable().describe('Of low latency'),
  dvr: z.string().nullable().describe('Of what was on just now'),
  swarm: z.string().describe('What trackers are asked for'),
  trackers: z.array(z.string()),
  iceServers: z.array(
    z.object({
      urls: z.union([z.string(), z.array(z.string())]),
      username: z.string().optional(),
      credential: z.string().optional(),
    }),
  ),
  signing: z
    .object({ algorithm: z.string(), keys: z.array(z.record(z.string(), z.unknown())) })
    .nullable()
    .describe('With what segments are signed; the first key signs now'),
});

/** Where channels can be played. */
export function playbackRoutes(app: Api, { gate, broadcasts: parts }: ApiParts): void {
  const { table, playback, report } = parts;
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/playback',
    ...gate.needs('anonymous'),
    schema: {
      summary: 'All that a player needs to play the channel',
      params: OF_CHANNEL,
      response: { 200: PLAYBACK },
    },
    handler: async (request) => {
      const { id } = gate.channel(request);
      const [stream, underWay, of] = [
        await table.stream(id),
        await table.underWay(id),
        await askOrigin(() => report(id, 'playback')),
      ];
      const url = (path: string | undefined): string | null =>
        path === undefined ? null : urlOf(path, playback);
      return {
        ...{ channel: id, swarm: id, state: stream?.shown ?? 'offline' },
        broadcast: underWay !== undefined ? onNow(underWay) : null,
        ...{ hls: url(of?.hls), lowLatency: url(of?.lowLatency), dvr: url(of?.dvr) },
        trackers: [...(playback.trackers ?? [])],
        iceServers: (playback.iceServers ?? []).map(({ urls, ...server }) => ({
          urls: typeof urls === 'string' ? urls : [...urls],
          ...server,
        })),
        signing: of?.signing === undefined ? null : { ...of.signing, keys: [...of.signing.keys] },
      };
    },
  });
}

/** What viewers may know of what is under way. */
function onNow(row: BroadcastRow): z.output<typeof PLAYBACK>['broadcast'] {
  const { id, title, state, started_at: startedAt } = row;
  if (!isPublic(readBroadcast(row)) || startedAt === null) return null;
  return { id, title, state, startedAt };
}
