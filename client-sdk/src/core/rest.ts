import { ENGINE } from './limits.ts';

/** A rest from the swarm, on a device that has not the time for it (SWM-17). */
export class Rest {
  /** When it ends if the device is calm by then; undefined while the viewer does not rest. */
  until: number | undefined;
  /** The share of waiting from which it begins: not the same for all viewers of one device, or all would leave where one had sufficed. */
  readonly threshold: number;
  readonly #random: () => number;
  #lastMs = 0;
  #endedAt = -Infinity;

  constructor(random: () => number) {
    this.#random = random;
    this.threshold = ENGINE.strainShare * (1 + random() / 2);
  }

  /** Longer each time that the last one did not help for long. */
  begin(now: number): void {
    const soon = now - this.#endedAt < ENGINE.restedMs;
    this.#lastMs = soon ? Math.min(2 * this.#lastMs, ENGINE.restMostMs) : ENGINE.restMs;
    this.until = now + this.#spread(this.#lastMs);
  }

  /** The device is not calm enough to begin, or to come back, now. */
  hold(now: number): void {
    this.until = now + this.#spread(ENGINE.holdMs);
  }

  end(now: number): void {
    this.until = undefined;
    // One that only held the viewer back has not helped anything.
    if (this.#lastMs > 0) this.#endedAt = now;
  }

  #spread(ms: number): number {
    return ms * (1 + this.#random());
  }
}
