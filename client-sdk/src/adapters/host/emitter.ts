import type { ShoalEvents, ShoalWarning } from '../../events.ts';

type Listener<Name extends keyof ShoalEvents> = (event: ShoalEvents[Name]) => void;

/** Warnings kept for the first listener: those of start-up come before anybody can listen. */
const EARLY_WARNINGS = 16;

/** Hands events to listeners; one that throws disturbs neither the others nor the engine. */
export class Emitter {
  readonly #listeners: { readonly [Name in keyof ShoalEvents]: Set<Listener<Name>> } = {
    warning: new Set(),
    segment: new Set(),
    peers: new Set(),
    tracker: new Set(),
    p2p: new Set(),
    rest: new Set(),
    upload: new Set(),
  };
  #early: ShoalWarning[] = [];

  /** Returns the undo. The first listener for `warning` also gets the warnings from before it. */
  on<Name extends keyof ShoalEvents>(name: Name, listener: Listener<Name>): () => void {
    const listeners: Set<Listener<Name>> = this.#listeners[name];
    // A wrapper, so that one function may listen twice and undo once.
    const own: Listener<Name> = (event) => {
      listener(event);
    };
    listeners.add(own);
    if (name === 'warning') {
      const early = this.#early;
      this.#early = [];
      for (const warning of early) this.emit('warning', warning);
    }
    return () => {
      listeners.delete(own);
    };
  }

  emit<Name extends keyof ShoalEvents>(name: Name, event: ShoalEvents[Name]): void {
    const listeners: Set<Listener<Name>> = this.#listeners[name];
    for (const listener of [...listeners])
      try {
        listener(event);
      } catch (cause) {
        console.error(`Shoal: a listener for "${name}" threw`, cause);
      }
  }

  warn(warning: ShoalWarning): void {
    if (this.#listeners.warning.size > 0) this.emit('warning', warning);
    else if (this.#early.length < EARLY_WARNINGS) this.#early.push(warning);
  }
}
