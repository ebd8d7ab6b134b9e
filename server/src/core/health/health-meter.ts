import { TAG_OVERHEAD_BYTES, tagTimeMs } from '../flv/tag.ts';
import { isPlainAac, mediaKind } from './media-kind.ts';
import { REMEMBERED, Seconds } from './seconds.ts';

/** What was measured of a publisher. */
export type Measured = {
  /** How long it has published, and how long ago its first segment was there. Milliseconds. */
  readonly publishedMs: number;
  readonly sinceFirstSegmentMs: number | undefined;
  /** Since the last of each; undefined before the first. */
  readonly sinceVideoMs: number | undefined;
  readonly sinceAudioMs: number | undefined;
  /** Bits per second, of the last half minute, or as long as it has published. */
  readonly videoBitrate: number;
  readonly audioBitrate: number;
  readonly bitrateSpread: number | undefined;
  readonly frameRate: number;
  readonly keyframeIntervalMs: number | undefined;
  /** Media that came in a second of the last half minute, in seconds; undefined for the first ten. */
  readonly speed: number | undefined;
  /** Media that became segments in a second of the last minute, in seconds; undefined before there was a minute of them. */
  readonly made: number | undefined;
  /** For how long of the last minute the publisher was not read, because its encoder was behind. */
  readonly heldMs: number;
  /** Jumps of its timestamps in the last minute. */
  readonly jumps: number;
  /** Whether its sound is of a kind whose silence can be told by its size. */
  readonly plainAac: boolean;
};

/** Seconds over which rates are measured. */
const RATE_S = 30;
/** Before that a speed says little. */
const SPEED_FROM_S = 10;
/** Seconds of a part for the spread of the bit rate: longer than what lies between most key frames. */
const SPREAD_PART_S = 5;
/** Key frames whose intervals are remembered. */
const INTERVALS = 4;
/** From one frame or sample to the next, by its timestamps: more is a gap, or a jump. */
const GAP_MS = 1_000;
/** By how much a gap may differ from the time that passed meanwhile, before it is a jump. */
const JUMP_MS = 2_000;

/** Measures what a publisher sends, in sliding windows of a minute. No clock, no timers, and nothing allocated for a frame. */
export class HealthMeter {
  readonly #began: number;
  readonly #seconds: Seconds;
  readonly #intervals = new Float64Array(INTERVALS);
  #intervalCount = 0;
  /** Timestamps, and when they came. */
  #video: number | undefined;
  #videoAt = 0;
  #audio: number | undefined;
  #audioAt = 0;
  #key: number | undefined;
  /** Media since the last key frame. */
  #sinceKeyMs = 0;
  #firstSegmentAt: number | undefined;
  #heldSince: number | undefined;
  /** When the first media came. */
  #mediaFrom: number | undefined;
  #plainAac = true;

  /** Of a publisher that begins now. */
  constructor(now: number) {
    this.#began = now;
    this.#seconds = new Seconds(now);
  }

  get began(): number {
    return this.#began;
  }

  /** A whole tag that came. */
  tag(tag: Uint8Array, now: number): void {
    const kind = mediaKind(tag);
    if (kind === 'none') return;
    this.#seconds.at(now);
    this.#mediaFrom ??= now;
    const at = tagTimeMs(tag);
    if (kind === 'sound') this.#sound(tag, at, now);
    else this.#frame(kind === 'key', tag.length - TAG_OVERHEAD_BYTES, { at, now });
  }

  /** A segment is there. */
  segment(durationMs: number, now: number): void {
    this.#seconds.at(now);
    if (this.#firstSegmentAt === undefined) this.#firstSegmentAt = now;
    else this.#seconds.add('madeMs', durationMs);
  }

  /** The publisher is not read for a while, because its encoder is behind, or is again. */
  held(held: boolean, now: number): void {
    this.#passHeld(now);
    this.#heldSince = held ? now : undefined;
  }

  measure(now: number): Measured {
    this.#passHeld(now);
    const seconds = this.#seconds;
    seconds.at(now);
    const whole = Math.floor(now / 1_000) - Math.ceil((this.#mediaFrom ?? now) / 1_000);
    const length = Math.max(1, Math.min(RATE_S, whole));
    const videoMs = seconds.sum('videoMs', length);
    const madeFor = this.#firstSegmentAt === undefined ? 0 : now - this.#firstSegmentAt;
    return {
      publishedMs: now - this.#began,
      sinceFirstSegmentMs: this.#firstSegmentAt === undefined ? undefined : madeFor,
      sinceVideoMs: this.#video === undefined ? undefined : now - this.#videoAt,
      sinceAudioMs: this.#audio === undefined ? undefined : now - this.#audioAt,
      videoBitrate: (seconds.sum('videoBytes', length) * 8) / length,
      audioBitrate: (seconds.sum('audioBytes', length) * 8) / length,
      bitrateSpread: whole < RATE_S ? undefined : this.#spread(Math.min(whole, REMEMBERED - 1)),
      frameRate: videoMs === 0 ? 0 : (seconds.sum('frames', length) * 1_000) / videoMs,
      keyframeIntervalMs: this.#keyframeInterval(),
      speed: whole < SPEED_FROM_S ? undefined : seconds.sum('mediaMs', length) / 1_000 / length,
      made:
        madeFor < REMEMBERED * 1_000
          ? undefined
          : seconds.sum('madeMs', REMEMBERED) / ((REMEMBERED - 1) * 1_000),
      heldMs: seconds.sum('heldMs', REMEMBERED, 0),
      jumps: seconds.sum('jumps', REMEMBERED, 0),
      plainAac: this.#plainAac,
    };
  }

  #frame(
    isKey: boolean,
    bytes: number,
    { at, now }: { readonly at: number; readonly now: number },
  ): void {
    const seconds = this.#seconds;
    seconds.add('videoBytes', bytes);
    seconds.add('frames', 1);
    const step = this.#video === undefined ? 0 : this.#step(at - this.#video, now - this.#videoAt);
    seconds.add('videoMs', step);
    seconds.add('mediaMs', step);
    // Where frames are missing, key frames may be.
    if (step <= GAP_MS) this.#sinceKeyMs += step;
    if (isKey) {
      if (this.#key !== undefined) {
        this.#intervals[this.#intervalCount % INTERVALS] = this.#sinceKeyMs;
        this.#intervalCount += 1;
      }
      this.#key = at;
      this.#sinceKeyMs = 0;
    }
    this.#video = at;
    this.#videoAt = now;
  }

  #sound(tag: Uint8Array, at: number, now: number): void {
    const seconds = this.#seconds;
    seconds.add('audioBytes', tag.length - TAG_OVERHEAD_BYTES);
    this.#plainAac &&= isPlainAac(tag);
    const step = this.#audio === undefined ? 0 : this.#step(at - this.#audio, now - this.#audioAt);
    // Of sound alone it says how much has come.
    if (this.#video === undefined) seconds.add('mediaMs', step);
    this.#audio = at;
    this.#audioAt = now;
  }

  /** How much media came between two timestamps. */
  #step(mediaMs: number, passedMs: number): number {
    if (mediaMs >= 0 && mediaMs <= GAP_MS) return mediaMs;
    if (mediaMs > 0 && Math.abs(mediaMs - passedMs) <= JUMP_MS) return mediaMs;
    this.#seconds.add('jumps', 1);
    return 0;
  }

  #passHeld(now: number): void {
    this.#seconds.at(now);
    if (this.#heldSince === undefined) return;
    this.#seconds.add('heldMs', Math.max(0, now - this.#heldSince));
    this.#heldSince = now;
  }

  /** The mean of the last ones; the one that goes on where it is longer already. */
  #keyframeInterval(): number | undefined {
    if (this.#key === undefined) return undefined;
    const known = Math.min(this.#intervalCount, INTERVALS);
    if (known === 0) return this.#sinceKeyMs > 0 ? this.#sinceKeyMs : undefined;
    let sum = 0;
    for (let i = 0; i < known; i++) sum += this.#intervals[i] ?? 0;
    return Math.max(sum / known, this.#sinceKeyMs);
  }

  /** Of the bit rates of parts of 5 s. */
  #spread(seconds: number): number | undefined {
    const parts = Math.floor(seconds / SPREAD_PART_S);
    let [sum, squares] = [0, 0];
    for (let part = 0; part < parts; part++) {
      const bytes = this.#seconds.sum('videoBytes', SPREAD_PART_S, 1 + part * SPREAD_PART_S);
      sum += bytes;
      squares += bytes ** 2;
    }
    if (sum === 0) return undefined;
    const mean = sum / parts;
    return Math.sqrt(Math.max(0, squares / parts - mean ** 2)) / mean;
  }
}
