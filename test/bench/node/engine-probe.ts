import { createHash } from 'node:crypto';
import { type Effect, type Input, SwarmEngine } from '@shoal/client-sdk/core';
import { BYE } from '@shoal/protocol';
import { EngineWatch } from '../../support/engine-watch.ts';
import type { InsideReading } from '../page/reading.ts';

/** How to look into an engine, and what to change of what it says. */
export type ProbeOptions = {
  /** Hash what it delivers. */
  readonly hashes: boolean;
  /** Changes an effect before it is carried out. */
  readonly falsify: (effect: Effect) => Effect;
};

/** Looks into one engine of this process. */
export class EngineProbe {
  readonly #options: ProbeOptions;
  readonly #watch = new EngineWatch();
  readonly #demands = new Map<number, string>();
  readonly #folders = new Set<string>();
  readonly #ids: string[] = [];
  readonly #hashes: { path: string; bytes: number; sha256: string }[] = [];
  readonly #corrupt: string[] = [];

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  step(input: Input, effects: readonly Effect[], now: number): readonly Effect[] {
    this.#watch.step(input, effects, now);
    if (input.type === 'tracker-message' && input.message.action === 'welcome')
      this.#ids.push(input.message.peer);
    if (input.type === 'demand') {
      const { pathname } = new URL(input.url);
      this.#folders.add(pathname.slice(0, pathname.lastIndexOf('/') + 1));
      if (this.#options.hashes) this.#demands.set(input.demand, pathname);
    }
    for (const effect of effects)
      if (effect.type === 'deliver') this.#delivered(effect);
      else if (effect.type === 'report' && effect.report.type === 'peer-dropped')
        if (effect.report.reason === BYE.corrupt) this.#corrupt.push(effect.report.peer);
    return effects.map(this.#options.falsify);
  }

  read(): InsideReading {
    const [folder = '/'] = this.#folders;
    return {
      ids: this.#ids,
      fills: this.#watch.fills.map(({ id, at }) => ({
        path: `${folder}${id.epoch}-${id.msn}.m4s`,
        at: performance.timeOrigin + at,
      })),
      responses: this.#watch.responses,
      framesPerSecond: this.#watch.framesPerSecond(performance.now()),
      hashes: this.#hashes,
      corrupt: this.#corrupt,
    };
  }

  #delivered({ demand, data }: Extract<Effect, { type: 'deliver' }>): void {
    const path = this.#demands.get(demand);
    this.#demands.delete(demand);
    if (path === undefined) return;
    const sha256 = createHash('sha256').update(data).digest('hex');
    this.#hashes.push({ path, bytes: data.length, sha256 });
  }
}

const probes = new WeakMap<SwarmEngine, EngineProbe>();
let waiting: EngineProbe | undefined;
// The Node peer makes its engine from the same class that the package exports as its core.
const step = Object.getOwnPropertyDescriptor(SwarmEngine.prototype, 'step')
  ?.value as SwarmEngine['step']; // The class has that method.
SwarmEngine.prototype.step = function (this: SwarmEngine, input, now) {
  if (waiting !== undefined && !probes.has(this)) {
    probes.set(this, waiting);
    waiting = undefined;
  }
  const effects = step.call(this, input, now);
  return probes.get(this)?.step(input, effects, now) ?? effects;
};

/** Puts the probe into the next engine that takes its first step. */
export function probeNextEngine(probe: EngineProbe): void {
  waiting = probe;
}
