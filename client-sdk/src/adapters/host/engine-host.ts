import type { RenditionId } from '@shoal/protocol';
import type { Effect, EngineStats, Input } from '../../core/io.ts';

/** The pure engine, as its host sees it. */
export type Engine = {
  step(input: Input, now: number): readonly Effect[];
  deadline(): number | undefined;
  knows(url: string): boolean;
  holders(rendition: RenditionId): number;
  stats(): EngineStats;
};

/** What an {@link EngineHost} is built from. */
export type EngineHostOptions = {
  readonly engine: Engine;
  /** Carries an effect out. Inputs that it causes at once are taken after the effects at hand. */
  readonly run: (effect: Effect) => void;
  /** The engine or an effect threw (SWM-8). The host has stopped; called once. */
  readonly onFailure: (cause: unknown) => void;
  /** Monotonic, in ms. */
  readonly now: () => number;
  /**
   * Whether late timers say that the viewer's device is short of CPU: not in a hidden tab, where they are held back on
   * purpose, nor where many viewers share a process. Never by default.
   */
  readonly timely?: () => boolean;
};

/** Inputs that may wait while effects run: more means that effects and inputs feed each other. */
const QUEUE_LIMIT = 4_096;
const STEPS_PER_TURN = 16_384;
/** A timer further away is rounded down to this, and then looks again. */
const LONGEST_TIMER_MS = 60_000;
/** A timer that is later than this says something of the device. */
const NOTABLE_MS = 20;

/**
 * Runs the engine: one input, then all its effects, then the next; then one timer for its deadline.
 * Never throws: an engine that does is stopped for good (SWM-8).
 */
export class EngineHost {
  readonly #options: EngineHostOptions;
  readonly #queue: Input[] = [];
  #busy = false;
  #stopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #armedFor: number | undefined;
  #lastStats: EngineStats = {
    httpBytes: 0,
    p2pBytes: 0,
    uploadedBytes: 0,
    wastedBytes: 0,
    peers: 0,
    viewers: undefined,
    resting: false,
  };

  constructor(options: EngineHostOptions) {
    this.#options = options;
  }

  /** False after {@link EngineHost.stop} and after a failure. */
  running(): boolean {
    return !this.#stopped;
  }

  input(input: Input): void {
    if (this.#stopped) return;
    if (this.#queue.length >= QUEUE_LIMIT) {
      this.#fail(new Error('too many inputs wait for the engine'));
      return;
    }
    this.#queue.push(input);
    if (this.#busy) return;
    this.#busy = true;
    this.#guard(() => {
      this.#drain();
      this.#arm();
    });
    this.#busy = false;
  }

  /** Whether the engine can serve `url`; false once stopped. */
  knows(url: string): boolean {
    let known = false;
    if (this.running())
      this.#guard(() => {
        known = this.#options.engine.knows(url);
      });
    return known;
  }

  /** How many neighbours hold what this viewer would need next of `rendition`; none once stopped. */
  holders(rendition: RenditionId): number {
    let holders = 0;
    if (this.running())
      this.#guard(() => {
        holders = this.#options.engine.holders(rendition);
      });
    return holders;
  }

  /** Of now, or the last known ones once stopped; a stopped host has no peers. */
  stats(): EngineStats {
    if (this.running())
      this.#guard(() => {
        this.#lastStats = this.#options.engine.stats();
      });
    return this.running() ? this.#lastStats : { ...this.#lastStats, peers: 0, resting: false };
  }

  /** Takes no more inputs, runs no more effects. Idempotent. */
  stop(): void {
    if (this.#stopped) return;
    this.stats();
    this.#stopped = true;
    this.#queue.length = 0;
    clearTimeout(this.#timer);
  }

  #drain(): void {
    const { engine, run, now } = this.#options;
    let steps = 0;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (++steps > STEPS_PER_TURN) throw new Error('the engine does not come to rest');
      for (const effect of engine.step(next, now())) {
        if (!this.running()) return;
        run(effect);
      }
    }
  }

  /** One timer at a time. A deadline that moves away leaves it as it is: then it is set anew when it fires. */
  #arm(): void {
    if (!this.running()) return;
    const at = this.#options.engine.deadline();
    if (at === undefined || (this.#armedFor !== undefined && this.#armedFor <= at)) return;
    clearTimeout(this.#timer);
    this.#armedFor = at;
    // Rounded up, since timers drop the fraction and a tick before its time would do nothing.
    const delay = Math.ceil(at - this.#options.now());
    this.#timer = setTimeout(this.#onTimer, Math.min(Math.max(delay, 1), LONGEST_TIMER_MS));
  }

  readonly #onTimer = (): void => {
    const { engine, now, timely } = this.#options;
    const lateMs = timely?.() === true ? now() - (this.#armedFor ?? now()) : 0;
    this.#armedFor = undefined;
    const at = engine.deadline();
    if (lateMs >= NOTABLE_MS) this.input({ type: 'tick', lateMs });
    else if (at !== undefined && at <= now()) this.input({ type: 'tick' });
    else this.#arm();
  };

  #guard(work: () => void): void {
    try {
      work();
    } catch (cause) {
      this.#fail(cause);
    }
  }

  #fail(cause: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#queue.length = 0;
    clearTimeout(this.#timer);
    this.#options.onFailure(cause);
  }
}
