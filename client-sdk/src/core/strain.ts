import { ENGINE } from './limits.ts';

/** How much the viewer's device keeps the engine waiting, by how late its timers fire: too many pages, too little CPU. */
export class Strain {
  /** Time waited, the older the less it counts; divided by `strainMs` it is the share of the time that was waited. */
  #waitedMs = 0;
  #longestMs = 0;
  #at = 0;

  /** A timer fired so much too late. A device that slept has not been short of anything: one delay counts for so much at most. */
  late(ms: number, now: number): void {
    const counted = Math.min(ms, ENGINE.latenessMostMs);
    this.#waitedMs = this.#waitedMs * this.#left(now) + counted;
    this.#longestMs = Math.max(this.#longestMs * this.#left(now), counted);
    this.#at = now;
  }

  /** The share of the last seconds that was spent waiting, 0 to about 1. */
  share(now: number): number {
    return (this.#waitedMs * this.#left(now)) / ENGINE.strainMs;
  }

  /** The longest delay lately: how much earlier to begin with what must be done in time. Ms. */
  marginMs(now: number): number {
    return this.#longestMs * this.#left(now);
  }

  #left(now: number): number {
    return Math.exp((this.#at - now) / ENGINE.strainMs);
  }
}
