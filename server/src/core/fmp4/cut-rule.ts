import { ROUNDING_MS, TARGET_SLACK_MS } from './cut.ts';

/** How long parts may be, and segments should and may be. Milliseconds. */
export type CutTimes = {
  readonly targetMs: number;
  /** Absent where no parts are cut. */
  readonly partMs?: number;
  /** No segment becomes longer than this, key frame or not. */
  readonly limitMs: () => number;
};

/**
 * Says where segments and their parts begin, frame by frame of the track that leads. A segment begins at the first key frame after
 * the target, or before one whose group would not fit; a part before the frame that would make the one before it too long. All
 * parts of a segment but the last are therefore as long as they can be, as draft-pantos-hls-rfc8216bis section 4.4.4.9 asks.
 */
export class CutRule {
  readonly #times: CutTimes;
  #segmentAt: number | undefined;
  #partAt = 0;
  #groupAt = 0;
  #lastAt = 0;

  constructor(times: CutTimes) {
    this.#times = times;
  }

  /** What begins with the frame that is decoded at `at`, milliseconds. The first one begins nothing. */
  frame(at: number, sync: boolean): 'segment' | 'part' | undefined {
    const begins = this.#segmentAt === undefined ? 'segment' : this.#begins(at, sync);
    const first = this.#segmentAt === undefined;
    if (begins === 'segment') this.#segmentAt = at;
    if (begins !== undefined) this.#partAt = at;
    if (sync || first) this.#groupAt = at;
    this.#lastAt = at;
    return first ? undefined : begins;
  }

  #begins(at: number, sync: boolean): 'segment' | 'part' | undefined {
    const { targetMs, partMs = Infinity, limitMs } = this.#times;
    const segment = at - (this.#segmentAt ?? at);
    const group = at - this.#groupAt;
    const reached = segment >= targetMs - TARGET_SLACK_MS;
    // The next group is probably as long as this one: when it would not fit, waiting only costs latency.
    if (sync && (reached || segment + group > targetMs + ROUNDING_MS)) return 'segment';
    // It lasts about as long as the one before.
    const with1 = at + (at - this.#lastAt);
    if (with1 - (this.#segmentAt ?? at) > limitMs()) return 'segment';
    return with1 - this.#partAt > partMs ? 'part' : undefined;
  }
}
