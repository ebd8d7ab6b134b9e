import { type ChannelId, parseChannelId } from '@shoal/protocol';
import { z } from 'zod';
import {
  BROADCAST_LIMITS,
  type BroadcastStatus,
  type ChannelStatus,
  type JobStatus,
  ORIGIN_LIMITS,
  type SegmentDelivery,
  type Stream,
  type StreamOrigin,
  type StreamReport,
} from '../../core/index.ts';
import { getJson, OriginAway } from './get-json.ts';
import { Remembered } from './remembered.ts';
import { streamOf } from './stream-of.ts';

const CHANNEL = z.string().transform((text, context) => {
  const id = parseChannelId(text);
  if (id.ok) return id.value;
  context.addIssue({ code: 'custom', message: 'not a channel' });
  return z.NEVER;
});
const STATE = z.enum(['idle', 'starting', 'live', 'interrupted', 'ended']);
const LISTED = z.object({ channel: CHANNEL, state: STATE });
const LIST = z.object({ streams: z.array(LISTED).max(ORIGIN_LIMITS.channels) });
const STATUS = LISTED.extend({ since: z.number() });

const KEY = z.record(z.string(), z.unknown());
const HEALTH = z.looseObject({
  status: z.enum(['good', 'ok', 'bad']),
  issues: z
    .array(
      z.object({
        type: z.string().max(64),
        severity: z.enum(['info', 'warning', 'error']),
        reason: z.string().max(1_000),
        description: z.string().max(1_000),
      }),
    )
    .max(32),
});
const PLAYBACK = z.object({
  hls: z.string(),
  lowLatency: z.string().optional(),
  dvr: z.string().optional(),
  signing: z.object({ algorithm: z.string(), keys: z.array(KEY).max(16) }).optional(),
});
const RECORDING = z.looseObject({
  ...{ broadcast: z.number(), state: z.enum(['running', 'ended', 'closed']) },
  ...{ beginAt: z.number(), durationMs: z.number(), endAt: z.number().optional() },
  playlist: z.string().optional(),
});
const JOB = z.looseObject({ id: z.string(), broadcast: z.number() });
const DELIVERY = z
  .array(
    z.looseObject({
      ...{ epoch: z.number(), msn: z.number(), size: z.number().positive() },
      ...{ readyAt: z.number(), servedBytes: z.number().nonnegative() },
    }),
  )
  // Of the source, the sound, and six rungs.
  .max(ORIGIN_LIMITS.deliverySegments * 8);
const RECORDINGS = z.object({ recordings: z.array(RECORDING).max(ORIGIN_LIMITS.recordings * 2) });
const JOBS = z.object({ jobs: z.array(JOB).max(ORIGIN_LIMITS.jobs) });

/** How what an origin answers is read. */
const READ: {
  readonly [Field in keyof StreamReport]: (answer: unknown) => StreamReport[Field];
} = {
  health: (answer) => HEALTH.parse(answer),
  playback: (answer) => PLAYBACK.parse(answer),
  // Of what else is in them the origin itself is the judge.
  recordings: (answer) => RECORDINGS.parse(answer).recordings as unknown as BroadcastStatus[],
  jobs: (answer) => JOBS.parse(answer).jobs as unknown as JobStatus[],
  delivery: (answer) => DELIVERY.parse(answer) as unknown as SegmentDelivery[],
};

/**
 * Streams of an origin that is asked by HTTP: its status API under `/v1/streams`. `base` is its URL. Since it must be asked, what changes is
 * not told beforehand; and nobody can be dropped from here.
 */
export function remoteOrigin(base: string): StreamOrigin {
  const at = (path: string): URL => new URL(`${base.replace(/\/+$/, '')}/v1/streams${path}`);
  const { rememberMs: ms, remembered: most } = BROADCAST_LIMITS;
  const answers = new Remembered<unknown>({ ms, most, now: Date.now });
  /** As it was when its state was asked for. */
  let known = new Map<
    ChannelId,
    { readonly state: ChannelStatus['state']; readonly stream: Stream }
  >();
  return {
    streams: async () => {
      const list = await getJson(at(''));
      const { streams } = read(() => LIST.parse(list));
      const next: typeof known = new Map();
      for (const { channel, state } of streams) {
        const before = known.get(channel);
        if (before?.state === state) {
          next.set(channel, before);
          continue;
        }
        // Since when it is so, the list does not say.
        const answer = await getJson(at(`/${channel}`));
        if (answer === undefined) continue;
        const status = read(() => STATUS.parse(answer));
        next.set(channel, { state: status.state, stream: streamOf(status) });
      }
      known = next;
      return [...next.values()].map(({ stream }) => stream);
    },
    subscribe: () => () => undefined,
    report: async (channel, field) => {
      const path = `/${channel}/${field}`;
      const answer = await answers.get(path, () => getJson(at(path)));
      return answer === undefined ? undefined : read(() => READ[field](answer));
    },
    drop: () => Promise.resolve(false),
  };
}

function read<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new OriginAway('the origin answers something else', { cause });
  }
}
