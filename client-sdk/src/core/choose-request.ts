import type { Neighbour } from './neighbour.ts';
import type { SegmentEntry } from './segment-entry.ts';

/** Weight of chance against rarity: neighbours that see the same rarities must not all pick the same piece. */
const NOISE = 2;

type RequestChoiceOptions = {
  /** With each segment, until when a piece of it must be here for HTTP to be spared. */
  readonly entries: readonly { readonly entry: SegmentEntry; readonly lastCall: number }[];
  readonly neighbours: readonly Neighbour[];
  readonly random: () => number;
  readonly now: number;
};

/** What may be asked for, most urgent first, and how rare its pieces are; made once for all idle neighbours. */
export class RequestChoice {
  readonly #options: RequestChoiceOptions;
  readonly #holders = new Map<SegmentEntry, Uint8Array>();

  constructor(options: RequestChoiceOptions) {
    this.#options = options;
  }

  /**
   * Picks the next piece to ask of an idle neighbour (SWM-4): from the segment that is due first,
   * among the pieces it holds and nobody was asked for, the one fewest others hold, with a random part.
   * Undefined if the neighbour has nothing to give.
   */
  next(neighbour: Neighbour): { readonly entry: SegmentEntry; readonly index: number } | undefined {
    const { entries, now, random } = this.#options;
    for (const { entry, lastCall } of entries) {
      if (entry.digests === undefined || entry.count('missing') === 0) continue;
      if (entry.pullFrom > now) continue;
      // What would come too late would come twice.
      if (now + neighbour.surelyMs > lastCall) continue;
      const mine = neighbour.holds(entry.key);
      if (mine === undefined || mine.count === 0) continue;
      const holders = this.#holdersOf(entry);
      let best = -1;
      let bestScore = Infinity;
      for (let index = 0; index < entry.pieces; index++) {
        if (entry.state(index) !== 'missing' || !mine.has(index)) continue;
        const score = random() * NOISE + (holders[index] ?? 0);
        if (score < bestScore) {
          best = index;
          bestScore = score;
        }
      }
      if (best >= 0) return { entry, index: best };
    }
    return undefined;
  }

  /** How many neighbours hold each piece. */
  #holdersOf(entry: SegmentEntry): Uint8Array {
    const known = this.#holders.get(entry);
    if (known !== undefined) return known;
    const holders = new Uint8Array(entry.pieces);
    for (const other of this.#options.neighbours) {
      const map = other.holds(entry.key);
      if (map === undefined || map.count === 0) continue;
      for (let i = 0; i < entry.pieces; i++) if (map.has(i)) holders[i] = (holders[i] ?? 0) + 1;
    }
    this.#holders.set(entry, holders);
    return holders;
  }
}
