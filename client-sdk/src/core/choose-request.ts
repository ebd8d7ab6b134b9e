import { LIMITS } from '@shoal/protocol';
import type { Neighbour } from './neighbour.ts';
import type { HaveMap } from './have-map.ts';
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

/** Pieces to ask a neighbour for: of one segment, one after the other. */
export type ChosenPieces = { readonly entry: SegmentEntry; readonly pieces: readonly number[] };

/** What may be asked for, most urgent first, and how rare its pieces are; made once for all idle neighbours. */
export class RequestChoice {
  readonly #options: RequestChoiceOptions;
  readonly #holders = new Map<SegmentEntry, Uint8Array>();

  constructor(options: RequestChoiceOptions) {
    this.#options = options;
  }

  /**
   * Picks the next pieces to ask of an idle neighbour (SWM-4): from the segment that is due first,
   * among those it holds and nobody was asked for, the one fewest others hold, with a random part;
   * of a quick neighbour also those next to it that are as rare. Undefined if it has nothing to give.
   */
  next(neighbour: Neighbour): ChosenPieces | undefined {
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
      if (best < 0) continue;
      // Of a plain segment one viewer has everything first: it spreads faster piece by piece.
      const alone =
        entry.plain !== undefined || !neighbour.isQuick || now + 2 * neighbour.surelyMs > lastCall;
      return { entry, pieces: alone ? [best] : this.#around(best, entry, mine) };
    }
    return undefined;
  }

  /** A piece and those next to it that can be asked for as well and are as rare, as many as a request may hold. */
  #around(index: number, entry: SegmentEntry, mine: HaveMap): readonly number[] {
    const holders = this.#holdersOf(entry);
    const like = (other: number): boolean =>
      other >= 0 &&
      other < entry.pieces &&
      entry.state(other) === 'missing' &&
      mine.has(other) &&
      holders[other] === holders[index];
    const pieces = [index];
    for (let i = index + 1; pieces.length < LIMITS.requestPieces && like(i); i++) pieces.push(i);
    for (let i = index - 1; pieces.length < LIMITS.requestPieces && like(i); i--) pieces.unshift(i);
    return pieces;
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
