/** Length of the chart. */
export const HISTORY_SECONDS = 120;
/** A rate is the mean of this long: segments arrive in bursts every two seconds. */
const MEAN_SECONDS = 4;

/** Byte counters at one moment. */
export type ByteCounters = {
  readonly http: number;
  readonly p2p: number;
  readonly uploaded: number;
};

/** Bits per second. */
export type Rates = { readonly http: number; readonly p2p: number; readonly uploaded: number };

type Sample = ByteCounters & { readonly atMs: number };

/** The last two minutes of byte counters, turned into rates. Holds at most one sample a second. */
export class RateHistory {
  #samples: readonly Sample[] = [];

  /** Adds the counters of now; call about once a second. A counter that went back starts a new history. */
  add(counters: ByteCounters, atMs: number): void {
    const { http, p2p, uploaded } = counters;
    const last = this.#samples.at(-1);
    if (last !== undefined && atMs - last.atMs < 500) return;
    if (last !== undefined && (http < last.http || p2p < last.p2p || uploaded < last.uploaded))
      this.#samples = [];
    const oldest = atMs - (HISTORY_SECONDS + MEAN_SECONDS) * 1000;
    this.#samples = [
      ...this.#samples.filter((sample) => sample.atMs >= oldest),
      { http, p2p, uploaded, atMs },
    ];
  }

  /** The rates of now. */
  latest(): Rates {
    return this.#ratesAt(this.#samples.length - 1);
  }

  /**
   * Columns for the chart: seconds before `nowMs` (0 is now), received from anybody, received from
   * viewers, sent. The first is drawn below the second, so that they look stacked.
   */
  columns(nowMs: number): readonly (readonly number[])[] {
    const points = this.#samples
      .map((sample, index) => ({ x: (sample.atMs - nowMs) / 1000, ...this.#ratesAt(index) }))
      .slice(1);
    return [
      points.map((point) => point.x),
      points.map((point) => point.http + point.p2p),
      points.map((point) => point.p2p),
      points.map((point) => point.uploaded),
    ];
  }

  #ratesAt(index: number): Rates {
    const to = this.#samples[index];
    const from =
      to && this.#samples.find((sample) => sample.atMs >= to.atMs - MEAN_SECONDS * 1000 - 250);
    if (to === undefined || from === undefined || from === to)
      return { http: 0, p2p: 0, uploaded: 0 };
    const rate = (name: keyof ByteCounters): number =>
      ((to[name] - from[name]) * 8000) / (to.atMs - from.atMs);
    return { http: rate('http'), p2p: rate('p2p'), uploaded: rate('uploaded') };
  }
}
