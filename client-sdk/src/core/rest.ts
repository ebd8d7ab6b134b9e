import { ENGINE } from './limits.ts';

/** A rest from the swarm, on a device that has not the time for it (SWM-17). */
export class Rest {
  /** When it ends; undefined while the viewer does not rest. */
  until: number | undefined;
  #lastMs = 0;
  #endedAt = -Infinity;

  /** Longer each time that the last one did not help for long. */
  begin(now: number, random: () => number): void {
    const soon = now - this.#endedAt < ENGINE.restedMs;
    this.#lastMs = soon ? Math.min(2 * this.#lastMs, ENGINE.restMostMs) : ENGINE.restMs;
    this.until = now + this.#lastMs * (1 + random());
  }

  end(now: number): void {
    this.until = undefined;
    this.#endedAt = now;
  }
}
