import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parseChannelId, unwrap } from '@shoal/protocol';
import { AcceleratedChannel } from '../../integration/server-origin/accelerated-channel.ts';
import { Findings } from '../../support/lint/findings.ts';
import { readMultivariant } from '../../support/lint/multivariant.ts';
import { type LintedPlaylist, PlaylistLinter } from '../../support/lint/playlist-linter.ts';
import { type Clip, loop, retimed } from './clip.ts';
import { type Measurement } from './growth.ts';
import { happenings, type Stretch } from './happenings.ts';
import { type LongResult } from './report.ts';
import { SampledMedia } from './sampled-media.ts';

/** How long, and what is published. */
export type AcceleratedRun = {
  readonly minutes: number;
  /** Minutes between measurements. */
  readonly every: number;
  readonly seed: number;
  readonly clips: readonly Clip[];
  readonly onMeasured: (measurement: Measurement) => void;
};

const CHANNEL = unwrap(parseChannelId('long'));
const MINUTE_MS = 60_000;
const BEGIN = Date.UTC(2026, 0, 1);
const SEGMENT_MS = 2_000;
/** Others read each of so many versions, and those around a change of epoch. */
const ASKED = 20;
/** Minutes of stream between pauses in which what was sampled is decoded. */
const BREATH_MS = MINUTE_MS;
const REMEMBERED = 100;

/** Runs a channel through hours of broadcasts; see {@link AcceleratedChannel}. */
export async function runAccelerated(run: AcceleratedRun): Promise<LongResult> {
  const began = performance.now();
  const findings = new Findings();
  const watch = new Watch(findings);
  const channel = new AcceleratedChannel({
    ...{ channel: CHANNEL, segmentMs: SEGMENT_MS, startAt: BEGIN },
    onStored: (path, bytes) => {
      watch.stored(path, bytes);
    },
  });
  watch.store = channel.store;
  channel.bus.subscribe((event) => {
    if (event.type === 'segment.ready') watch.segment(event.segment);
  });
  const measurements: Measurement[] = [];
  const measure = (minute: number): void => {
    const measured = { minute, ...memory(), ...watch.counts() };
    measurements.push(measured);
    run.onMeasured(measured);
  };
  const endAt = BEGIN + run.minutes * MINUTE_MS;
  let dueAt = BEGIN;
  let breathAt = BEGIN;
  /** Measures and decodes what is due before this. */
  const pass = async (at: number): Promise<void> => {
    while (dueAt <= Math.min(at, endAt)) {
      channel.advanceTo(dueAt);
      await watch.media.check();
      measure(Math.round((dueAt - BEGIN) / MINUTE_MS));
      dueAt += run.every * MINUTE_MS;
    }
    if (at >= breathAt) {
      await watch.media.check();
      breathAt = at + BREATH_MS;
    }
    channel.advanceTo(Math.min(at, endAt));
  };
  let publishedMs = 0;
  try {
    for (const stretch of happenings(run.seed, run.clips.length)) {
      publishedMs += await broadcast(stretch, { channel, run, pass, endAt });
      if (channel.now >= endAt) break;
      if (stretch.ending.type === 'leaves') {
        channel.unpublish();
        await pass(Math.min(endAt, channel.now + stretch.ending.awayMs));
      }
      if (channel.now >= endAt) break;
    }
    channel.unpublish();
    await watch.media.check(true);
  } finally {
    await channel.close();
  }
  return {
    measurements,
    findings: [...findings.list, ...watch.linter.problems],
    publishedSeconds: publishedMs / 1000,
    listedSeconds: watch.listedMs / 1000,
    secondOpinions: watch.asked,
    decoded: watch.media.decoded,
    wallSeconds: (performance.now() - began) / 1000,
  };
}

/** Publishes one stretch; returns how much of it was sent, in ms. */
async function broadcast(
  stretch: Stretch,
  to: {
    readonly channel: AcceleratedChannel;
    readonly run: AcceleratedRun;
    readonly pass: (at: number) => Promise<void>;
    readonly endAt: number;
  },
): Promise<number> {
  const { channel, run, pass, endAt } = to;
  const { firstStamp, durationMs, changesAtMs } = stretch;
  const from = channel.now;
  let clip = clipOf(run, stretch.clip);
  channel.publish();
  const headers = (at: number): void => {
    for (const header of clip.headers) channel.tag(retimed(header, firstStamp + at));
  };
  headers(0);
  let changed = false;
  let frames = loop(clip);
  let base = 0;
  for (;;) {
    const { bytes, at } = frames.next().value;
    const due = base + at;
    if (due >= durationMs || from + due >= endAt) return due;
    if (!changed && changesAtMs !== undefined && due >= changesAtMs) {
      // An encoder that goes on with other settings begins with a key frame.
      changed = true;
      clip = clipOf(run, stretch.clip + 1);
      frames = loop(clip);
      base = due;
      headers(due);
      continue;
    }
    await passIfDue(pass, channel, from + due);
    channel.tag(retimed(bytes, firstStamp + due));
  }
}

/** Most tags need no pause. */
async function passIfDue(
  pass: (at: number) => Promise<void>,
  channel: AcceleratedChannel,
  at: number,
): Promise<void> {
  if (at > channel.now) await pass(at);
}

function clipOf({ clips }: AcceleratedRun, index: number): Clip {
  const clip = clips[index % clips.length];
  if (clip === undefined) throw new Error('no clips');
  return clip;
}

/** Looks at everything that a channel serves, as it comes. */
class Watch {
  readonly linter: PlaylistLinter;
  readonly media: SampledMedia;
  store: AcceleratedChannel['store'] | undefined;
  listedMs = 0;
  asked = 0;
  readonly #findings: Findings;
  #segments = 0;
  #epochs = 0;
  #epoch = 0;
  #multivariants = 0;

  constructor(findings: Findings) {
    this.#findings = findings;
    this.linter = new PlaylistLinter({
      remembered: REMEMBERED,
      ask: (version, playlist) => {
        const asked = version % ASKED === 0 || nearChange(playlist);
        if (asked) this.asked += 1;
        return asked;
      },
    });
    this.media = new SampledMedia((uri) => this.#served(uri), findings.add);
  }

  segment(segment: { readonly durationMs: number; readonly id: { readonly epoch: number } }): void {
    this.listedMs += segment.durationMs;
    this.#segments += 1;
    if (segment.id.epoch !== this.#epoch) this.#epochs += 1;
    this.#epoch = segment.id.epoch;
  }

  stored(path: string, bytes: Uint8Array): void {
    if (!path.endsWith('.m3u8')) return;
    const text = Buffer.from(bytes).toString();
    if (path.endsWith('/source/index.m3u8')) {
      const playlist = this.linter.observe(text);
      for (const { uri, map } of playlist.segments)
        for (const listed of [uri, map, uri.replace('.m4s', '.digests')])
          if (this.#served(listed) === undefined)
            this.#findings.add(`${listed} is listed and not there`);
      this.media.take(playlist);
    } else if (this.#multivariants++ % ASKED === 0)
      readMultivariant(text, this.#findings.of('multivariant'));
  }

  counts(): Pick<Measurement, 'epochs' | 'segments' | 'versions' | 'findings'> {
    return {
      epochs: this.#epochs,
      segments: this.#segments,
      versions: this.linter.versions,
      findings: this.#findings.list.length + this.linter.problems.length,
    };
  }

  #served(uri: string): Uint8Array | undefined {
    return this.store?.get(`/live/${CHANNEL}/source/${uri}`)?.bytes;
  }
}

/** Whether the first two or the last two segments are of different epochs. */
function nearChange({ segments }: LintedPlaylist): boolean {
  const [first, second] = segments;
  const [before, last] = segments.slice(-2);
  return first?.epoch !== second?.epoch || before?.epoch !== last?.epoch;
}

let collect: (() => void) | undefined;

/** What this process holds, after garbage collection. */
function memory(): { readonly heapBytes: number; readonly rssBytes: number } {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void; // as V8 has it
  }
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, rss, external } = process.memoryUsage();
  return { heapBytes: heapUsed + external, rssBytes: rss };
}
