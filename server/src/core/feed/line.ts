import { type Envelope } from '@shoal/protocol';
import { FEED_LIMITS } from './limits.ts';
import { type Replay } from './ports.ts';

/** Unix milliseconds. */
type Millis = number;

/** What is learnt of a feed. */
export type LineInput =
  /** An event of it that is in the log, from here or from another process. */
  | { readonly type: 'event'; readonly envelope: Envelope }
  /** The newest number that the log has. */
  | { readonly type: 'newest'; readonly seq: number }
  /** What the log has after a number: the answer to a `read`. */
  | { readonly type: 'read'; readonly replay: Replay }
  /** The log could not be read. */
  | { readonly type: 'unread' }
  /** Somebody reads the feed here, or nobody does any more. */
  | { readonly type: 'followed' | 'left' }
  /** A time has come that was waited for. */
  | { readonly type: 'tick' };

/** What is to be done. */
export type LineEffect =
  | { readonly type: 'tell'; readonly envelope: Envelope }
  /** Some events are no longer there; the feed goes on after this number. */
  | { readonly type: 'lost'; readonly seq: number }
  /** Read what the log has after this number, and say it. */
  | { readonly type: 'read'; readonly after: number }
  /** Ask for the newest number of the log, and say it. */
  | { readonly type: 'ask' }
  | { readonly type: 'wait'; readonly until: Millis };

/**
 * The place of a process in one feed (FEED-8): whatever comes from where and in which order, readers here are told every event after the
 * first one once, by number. What does not come is read from the log.
 */
export class FeedLine {
  /** The last number that was told; undefined until it is known where to begin. */
  #told: number | undefined;
  #followed = false;
  /** Events that wait for one before them. */
  readonly #ahead = new Map<number, Envelope>();
  /** The highest number that is known of. */
  #newest = 0;
  /** What {@link #newest} was when the reading that goes on began. */
  #reading: number | undefined;
  /** When what is missing is looked for. */
  #lookAt: Millis | undefined;

  step(input: LineInput, now: Millis): readonly LineEffect[] {
    const effects: LineEffect[] = [];
    switch (input.type) {
      case 'event':
        this.#hear(input.envelope);
        break;
      case 'newest':
        this.#told ??= input.seq;
        this.#newest = Math.max(this.#newest, input.seq);
        break;
      case 'read':
        this.#take(input.replay, effects);
        break;
      case 'unread':
        this.#reading = undefined;
        this.#look(now + FEED_LIMITS.readAgainMs, effects);
        break;
      case 'followed':
      case 'left':
        this.#followed = input.type === 'followed';
        break;
      case 'tick':
    }
    this.#go(now, effects);
    return effects;
  }

  #hear(envelope: Envelope): void {
    const { seq } = envelope;
    if (seq <= (this.#told ?? 0)) return;
    this.#newest = Math.max(this.#newest, seq);
    if (this.#ahead.size < FEED_LIMITS.ahead || seq === (this.#told ?? 0) + 1)
      this.#ahead.set(seq, envelope);
  }

  #take(replay: Replay, effects: LineEffect[]): void {
    const known = this.#reading ?? 0;
    this.#reading = undefined;
    this.#lookAt = undefined;
    if (replay.type === 'events') {
      for (const envelope of replay.events) this.#tell(envelope, effects);
    } else if (replay.seq > (this.#told ?? 0)) {
      this.#told = replay.seq;
      effects.push({ type: 'lost', seq: replay.seq });
    }
    this.#drain(effects);
    const told = this.#told ?? 0;
    if (told >= known) return;
    // What the log does not have, though it was said to be there before it was read, is not.
    for (const seq of this.#ahead.keys()) if (seq <= known) this.#ahead.delete(seq);
    this.#newest = Math.max(told, ...this.#ahead.keys());
  }

  #tell(envelope: Envelope, effects: LineEffect[]): void {
    const { seq } = envelope;
    if (seq <= (this.#told ?? 0)) return;
    this.#told = seq;
    this.#lookAt = undefined;
    this.#ahead.delete(seq);
    effects.push({ type: 'tell', envelope });
  }

  #go(now: Millis, effects: LineEffect[]): void {
    this.#drain(effects);
    const told = this.#told;
    if (told === undefined ? this.#ahead.size === 0 : this.#newest <= told) {
      this.#lookAt = undefined;
      return;
    }
    if (this.#reading !== undefined) return;
    if (this.#lookAt === undefined) this.#look(now + FEED_LIMITS.gapMs, effects);
    if (this.#lookAt === undefined || now < this.#lookAt) return;
    if (told !== undefined) {
      this.#reading = this.#newest;
      effects.push({ type: 'read', after: told });
    } else if (this.#followed) {
      // Whoever reads began by the log, after a number that is not known here yet.
      effects.push({ type: 'ask' });
      this.#look(now + FEED_LIMITS.readAgainMs, effects);
    } else {
      this.#told = Math.min(...this.#ahead.keys()) - 1;
      this.#lookAt = undefined;
      this.#go(now, effects);
    }
  }

  #drain(effects: LineEffect[]): void {
    if (this.#told === undefined) return;
    for (const seq of this.#ahead.keys()) if (seq <= this.#told) this.#ahead.delete(seq);
    for (let next: Envelope | undefined; (next = this.#ahead.get(this.#told + 1)) !== undefined;)
      this.#tell(next, effects);
  }

  #look(at: Millis, effects: LineEffect[]): void {
    this.#lookAt = at;
    effects.push({ type: 'wait', until: at });
  }
}
