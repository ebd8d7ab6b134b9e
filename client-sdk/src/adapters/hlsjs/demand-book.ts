import type { Effect, Input } from '../../core/io.ts';

/** How a demand may end; exactly one is called, once, unless it was cancelled. */
export type DemandCallbacks = {
  /** `data` is the engine's: copy it before returning. It came in within `transferMs`. */
  readonly deliver: (data: Uint8Array, transferMs: number) => void;
  /** `status` is the origin's, or 0. */
  readonly fail: (status: number) => void;
  readonly fallBack: () => void;
};

/** Where the player's segments may come from. */
export type SegmentSource = {
  /** Whether a demand may be made for this URL now. */
  knows(url: string): boolean;
  /** Returns the cancel. A callback may be called before this returns. */
  demand(url: string, callbacks: DemandCallbacks): () => void;
};

/** A player loads a segment or two at a time; what is beyond this goes to its own loader. */
const MAX_OPEN = 32;

/** The player's open requests to the engine. */
export class DemandBook implements SegmentSource {
  readonly #engine: { knows(url: string): boolean; input(input: Input): void };
  readonly #open = new Map<number, DemandCallbacks>();
  #next = 1;

  constructor(engine: { knows(url: string): boolean; input(input: Input): void }) {
    this.#engine = engine;
  }

  knows(url: string): boolean {
    return this.#open.size < MAX_OPEN && this.#engine.knows(url);
  }

  demand(url: string, callbacks: DemandCallbacks): () => void {
    const demand = this.#next++;
    this.#open.set(demand, callbacks);
    this.#engine.input({ type: 'demand', demand, url });
    return () => {
      if (this.#open.delete(demand)) this.#engine.input({ type: 'demand-cancelled', demand });
    };
  }

  deliver(delivery: Extract<Effect, { readonly type: 'deliver' }>): void {
    this.#take(delivery.demand)?.deliver(delivery.data, delivery.transferMs);
  }

  fail(demand: number, status: number): void {
    this.#take(demand)?.fail(status);
  }

  fallBack(demand: number): void {
    this.#take(demand)?.fallBack();
  }

  /** Hands every open demand to the player's own loader (SWM-8). */
  fallBackAll(): void {
    for (const demand of [...this.#open.keys()]) this.fallBack(demand);
  }

  #take(demand: number): DemandCallbacks | undefined {
    const callbacks = this.#open.get(demand);
    this.#open.delete(demand);
    return callbacks;
  }
}
