import { type ChannelId } from '@shoal/protocol';
import { CHAT_LIMITS } from '../../core/index.ts';
import { type BanTable } from '../database/ban-table.ts';

type Millis = number;
type Known = { readonly at: Millis; readonly until: Promise<Millis | undefined> };

/**
 * Who is silenced and until when, as the database says, remembered for a moment. What an event tells of is read anew, so that a moment is
 * the longest that a process goes by what is over, should the event not reach it.
 */
export class Silences {
  readonly #bans: BanTable;
  readonly #now: () => Millis;
  /** In the order in which they were read. */
  readonly #known = new Map<string, Known>();

  constructor(bans: BanTable, now: () => Millis) {
    this.#bans = bans;
    this.#now = now;
  }

  /** How many viewers it remembers. */
  get size(): number {
    return this.#known.size;
  }

  /** Infinity for a ban; undefined for who may write. */
  until(channel: ChannelId, user: string): Promise<Millis | undefined> {
    const key = keyOf(channel, user);
    const now = this.#now();
    const known = this.#known.get(key);
    if (known !== undefined && now - known.at < CHAT_LIMITS.silenceMs) return known.until;
    const until = this.#bans
      .find(channel, user, now)
      .then((ban) => (ban === undefined ? undefined : (ban.until ?? Infinity)));
    const read: Known = { at: now, until };
    this.#known.delete(key);
    this.#known.set(key, read);
    until.catch(() => {
      if (this.#known.get(key) === read) this.#known.delete(key);
    });
    if (this.#known.size > CHAT_LIMITS.silences) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    return until;
  }

  /** Something changed about somebody. */
  forget(channel: ChannelId, user: string): void {
    this.#known.delete(keyOf(channel, user));
  }
}

function keyOf(channel: ChannelId, user: string): string {
  return `${channel}/${user}`;
}
