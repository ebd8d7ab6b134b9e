import { type Envelope, type PassingEvent } from '@shoal/protocol';
import { FEED_LIMITS } from './limits.ts';
import { type Replay } from './ports.ts';

/** What a reader is to be sent. */
export type ReaderEffect =
  | { readonly type: 'send'; readonly envelope: Envelope }
  /** It has missed events that are no longer there, and goes on after this number. */
  | { readonly type: 'resync'; readonly seq: number };

const PASSING: ReadonlySet<Envelope['type']> = new Set<PassingEvent['type']>([
  ...(['viewer.count', 'p2p.stats', 'vod.progress'] as const),
]);

/**
 * Puts what was missed and what comes meanwhile into one line (FEED-3): every numbered event after the reader's number once, in order.
 * Passing events go by while it catches up.
 */
export class FeedReader {
  #seq = 0;
  /** What came since it asked for what it had missed; undefined once that is there. */
  #waiting: Envelope[] | undefined = [];
  /** Where it goes on, if some of what came is gone. */
  #lostTo: number | undefined;

  /** Takes an event of its feed; what is to be sent now. */
  event(envelope: Envelope): readonly ReaderEffect[] {
    const waiting = this.#waiting;
    const passing = PASSING.has(envelope.type);
    if (waiting === undefined) return passing ? [send(envelope)] : this.#next(envelope);
    if (passing) return [];
    if (waiting.length < FEED_LIMITS.kept) waiting.push(envelope);
    else this.#lostTo = waiting.at(-1)?.seq;
    return [];
  }

  /**
   * Whether it takes numbered events that follow one another, from the first of these numbers to the last, just as they are: then they
   * count as sent. Otherwise nothing changes.
   */
  takesAll(first: number, last: number): boolean {
    if (this.#waiting !== undefined || this.#seq >= first) return false;
    this.#seq = last;
    return true;
  }

  /** Events up to this number are gone. */
  lost(seq: number): readonly ReaderEffect[] {
    if (this.#waiting === undefined) return seq > this.#seq ? [this.#resync(seq)] : [];
    this.#waiting = [];
    this.#lostTo = seq;
    return [];
  }

  /** Begins after this number, with what the reader had missed. */
  begin(after: number, missed: Replay): readonly ReaderEffect[] {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#seq = after;
    const effects: ReaderEffect[] = [];
    if (this.#lostTo !== undefined) effects.push(this.#resync(Math.max(this.#lostTo, after)));
    else if (missed.type === 'resync') effects.push(this.#resync(missed.seq));
    else for (const envelope of missed.events) effects.push(...this.#next(envelope));
    for (const envelope of waiting) effects.push(...this.#next(envelope));
    return effects;
  }

  #resync(seq: number): ReaderEffect {
    this.#seq = seq;
    return { type: 'resync', seq };
  }

  #next(envelope: Envelope): readonly ReaderEffect[] {
    if (envelope.seq <= this.#seq) return [];
    this.#seq = envelope.seq;
    return [send(envelope)];
  }
}

function send(envelope: Envelope): ReaderEffect {
  return { type: 'send', envelope };
}
