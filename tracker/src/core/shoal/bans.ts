import type { ChannelId } from '@shoal/protocol';
import type { TrackerLimits } from '../limits.ts';

/** Who may not come back to which channel until when (TRK-10); bounded, the oldest ban is forgotten first. */
export class Bans {
  readonly #until = new Map<string, number>();
  readonly #limits: TrackerLimits;

  constructor(limits: TrackerLimits) {
    this.#limits = limits;
  }

  add(channel: ChannelId, address: string, now: number): void {
    const key = banKey(channel, address);
    this.#until.delete(key);
    if (this.#until.size >= this.#limits.bans) {
      const oldest = this.#until.keys().next().value;
      if (oldest !== undefined) this.#until.delete(oldest);
    }
    this.#until.set(key, now + this.#limits.banMs);
  }

  has(channel: ChannelId, address: string, now: number): boolean {
    const key = banKey(channel, address);
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (until > now) return true;
    this.#until.delete(key);
    return false;
  }
}

/** No channel id contains a space (SEG-1). */
function banKey(channel: ChannelId, address: string): string {
  return `${channel} ${address}`;
}
