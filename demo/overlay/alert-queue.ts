import { type Alert } from './alert.ts';

/** Alerts that wait; what does not fit is sent again when the page connects anew. */
const WAITING = 1_000;
/** Alerts that were shown and are remembered. */
const SHOWN = 1_000;

/** Alerts one after the other, each once, however often it is sent. */
export class AlertQueue {
  readonly #waiting: Alert[] = [];
  readonly #shown: Set<string>;
  #current: Alert | undefined;

  /** @param shown ids of alerts that were shown before, oldest first. */
  constructor(shown: readonly string[] = []) {
    this.#shown = new Set(shown.slice(-SHOWN));
  }

  /** Ids of what was shown, oldest first. */
  get shown(): readonly string[] {
    return [...this.#shown];
  }

  /** `shown` where it was shown before, and has only to be acknowledged again. */
  push(alert: Alert): 'queued' | 'shown' | 'dropped' {
    if (this.#shown.has(alert.id)) return 'shown';
    const known = [this.#current, ...this.#waiting].some((other) => other?.id === alert.id);
    if (known) return 'queued';
    if (this.#waiting.length >= WAITING) return 'dropped';
    this.#waiting.push(alert);
    return 'queued';
  }

  /** The next alert to show; undefined while one is shown, or none waits. */
  next(): Alert | undefined {
    if (this.#current !== undefined) return undefined;
    this.#current = this.#waiting.shift();
    return this.#current;
  }

  /** The current alert was shown long enough; its id. */
  done(): string | undefined {
    const id = this.#current?.id;
    this.#current = undefined;
    if (id === undefined) return undefined;
    this.#shown.add(id);
    const [oldest] = this.#shown;
    if (this.#shown.size > SHOWN && oldest !== undefined) this.#shown.delete(oldest);
    return id;
  }
}
