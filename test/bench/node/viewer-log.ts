import type { BenchReading, EngineBytes, LoadedSegment, Sample, Stall } from '../page/reading.ts';

/** What a viewer says of itself now. */
export type ViewerState = {
  readonly latencyMs: number | undefined;
  readonly startupMs: number | undefined;
  /** Stand-stills so far, one that lasts included. */
  readonly stalls: number;
  readonly stalledMs: number;
  readonly sent: number;
  readonly received: number;
  readonly engine: EngineBytes;
};

const LOOK_MS = 250;
const LOOKS_PER_SAMPLE = 4;
/** As the pages of the bench. */
const MAX_NOTES = 20_000;

/** Writes down what becomes of a viewer, looking at it four times a second. */
export class ViewerLog {
  readonly segments: LoadedSegment[] = [];
  readonly fatal: string[] = [];
  readonly #state: () => ViewerState;
  readonly #samples: Sample[] = [];
  readonly #stalls: Stall[] = [];
  readonly #timer: NodeJS.Timeout;
  #looks = 0;
  #seen = { stalls: 0, stalledMs: 0 };

  constructor(state: () => ViewerState) {
    this.#state = state;
    this.#timer = setInterval(() => {
      this.#look();
    }, LOOK_MS);
  }

  loaded(segment: LoadedSegment): void {
    if (this.segments.length < MAX_NOTES) this.segments.push(segment);
  }

  failed(what: string): void {
    if (this.fatal.length < MAX_NOTES) this.fatal.push(what);
  }

  read(): BenchReading {
    const { startupMs, engine } = this.#state();
    const { segments, fatal } = this;
    return { startupMs, engine, segments, fatal, samples: this.#samples, stalls: this.#stalls };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { stalls, stalledMs, latencyMs, sent, received } = this.#state();
    const at = Date.now();
    const more = stalledMs - this.#seen.stalledMs;
    const last = this.#stalls.at(-1);
    if (stalls > this.#seen.stalls) this.#stalls.push({ at: at - more, ms: more });
    else if (more > 0 && last !== undefined)
      this.#stalls[this.#stalls.length - 1] = { at: last.at, ms: last.ms + more };
    this.#seen = { stalls, stalledMs };
    if (this.#looks++ % LOOKS_PER_SAMPLE === 0 && this.#samples.length < MAX_NOTES)
      this.#samples.push({ at, latencyMs, sent, received });
  }
}
