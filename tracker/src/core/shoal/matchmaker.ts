import { LIMITS } from '@shoal/protocol';
import type { IndexedArray } from '../indexed-array.ts';
import type { TrackerLimits } from '../limits.ts';
import type { Channel } from './channel.ts';
import { mayLinkAgain } from './link.ts';
import { degree, type Member, type Position } from './member.ts';

/** Chance that one introduction goes to any candidate instead of the best: it keeps the mesh connected. */
const AT_RANDOM = 0.25;
/** Viewers looked at: more where more are wanted, up to the limit `sample`. */
const LOOKS_AT_LEAST = 8;
const LOOKS_PER_CHOICE = 6;
/** So often as many again are looked at where too few of them have room. */
const MORE_LOOKS = 2;
/** Which windows are near, by how far they are ahead, and their shares of the looks. */
const NEARNESS = [
  [0, 0.45],
  [1, 0.35],
  [-1, 0.2],
] as const;

/** What two who need the same segment are worth to each other: at the edge, where nobody holds it yet, they fetch it together. */
const SAME_AT_THE_EDGE = 6;
const SAME_BEHIND_IT = 3;
const HOLDS_MY_NEXT = 4;
const NEEDS_WHAT_I_HOLD = 1;
/** The edge is the newest segment, and those that viewers of it are about to ask for. */
const EDGE_SEGMENTS = 3;

const MOST_NEIGHBOURS = LIMITS.maxNeighbours + LIMITS.spareNeighbours;

type Question<Conn> = {
  readonly asker: Member<Conn>;
  readonly channel: Channel<Conn>;
  readonly now: number;
};

/** A question, and what is the same for all candidates. */
type Search<Conn> = Question<Conn> & {
  /** The asker has no neighbour, nor is about to have one. */
  readonly alone: boolean;
  /** What a candidate that needs the same segment is worth. */
  readonly same: number;
};

/** Decides who should meet whom; looks at a bounded sample, whatever the size of the channel (TRK-12). */
export class Matchmaker<Conn> {
  readonly #random: () => number;
  readonly #limits: TrackerLimits;
  #mark = 0;
  /** Those that fit and their scores, of one search: kept, since a tracker makes thousands of them a second. */
  readonly #pool: Member<Conn>[] = [];
  readonly #scores: number[] = [];

  constructor(random: () => number, limits: TrackerLimits) {
    this.#random = random;
    this.#limits = limits;
  }

  /** At most `count` viewers for `asker` to meet, fewer when there are no more that fit. */
  choose(question: Question<Conn>, count: number): readonly Member<Conn>[] {
    if (count <= 0) return [];
    const { asker, channel, now } = question;
    const same = isAtEdge(asker, channel) ? SAME_AT_THE_EDGE : SAME_BEHIND_IT;
    this.#gather({ ...question, alone: degree(asker, now) === 0, same }, count);
    const chosen: Member<Conn>[] = [];
    while (chosen.length < count && this.#pool.length > 0) {
      const byChance = this.#random() < AT_RANDOM;
      const index = byChance ? Math.floor(this.#random() * this.#pool.length) : best(this.#scores);
      const picked = takeOut(this.#pool, index);
      takeOut(this.#scores, index);
      if (picked !== undefined) chosen.push(picked);
    }
    this.#pool.length = 0;
    this.#scores.length = 0;
    return chosen;
  }

  /** A sample: nearby windows of the same rendition, then its other viewers, then anybody (TRK-5). */
  #gather(search: Search<Conn>, count: number): void {
    const { asker, channel } = search;
    const { sample, sampledAtRandom } = this.#limits;
    const looks = Math.min(sample, LOOKS_AT_LEAST + LOOKS_PER_CHOICE * count);
    this.#mark += 1;
    asker.mark = this.#mark;
    const at = asker.position;
    const group = at && channel.group(at.rendition);
    let spare = looks;
    if (at !== undefined && group !== undefined) {
      const window = channel.window(at.next);
      const near = looks * (1 - sampledAtRandom);
      spare = 0;
      // Those ahead hold what the asker needs, hence a larger share than those behind.
      for (const [ahead, share] of NEARNESS)
        spare = this.#draw(search, group.windows.get(window + ahead), near * share + spare);
      spare = this.#draw(search, group.members, looks - near + spare);
      // Many of a crowd have all the neighbours they can: look on for a while before leaving the rendition.
      for (let more = Math.min(MORE_LOOKS, count); more > 0 && this.#pool.length < count; more--)
        this.#draw(search, group.members, looks);
    }
    if (this.#pool.length < count) this.#draw(search, channel.members, looks + spare);
  }

  /** Looks at members of `from` by chance, a small set as a whole, and keeps those that fit; the looks left. */
  #draw(search: Search<Conn>, from: IndexedArray<Member<Conn>> | undefined, looks: number): number {
    if (from === undefined) return looks;
    const whole = from.size <= looks;
    const tries = whole ? from.size : looks;
    for (let i = 0; i < tries; i++) {
      const candidate = whole ? from.items[i] : from.at(this.#random());
      if (candidate === undefined || candidate.mark === this.#mark) continue;
      candidate.mark = this.#mark;
      // Most of those that do not fit are full, which their own count shows already.
      if (candidate.neighbours >= MOST_NEIGHBOURS) continue;
      const neighbours = degree(candidate, search.now);
      if (!this.#fits(search, candidate, neighbours)) continue;
      this.#pool.push(candidate);
      this.#scores.push(this.#score(search, candidate, neighbours));
    }
    return looks - tries;
  }

  /** The hard filters. */
  #fits({ asker, alone, now }: Search<Conn>, candidate: Member<Conn>, neighbours: number): boolean {
    if (now - candidate.seenAt >= this.#limits.staleMs) return false;
    // One side must be able to give; a viewer that wants nobody and gives nothing has P2P off.
    if (!asker.shares && !candidate.shares) return false;
    if (candidate.goal === 0 && !candidate.shares) return false;
    if (neighbours >= room(candidate)) return false;
    const earlier = asker.links.get(candidate.id);
    return earlier === undefined || mayLinkAgain(earlier, { now, alone }, this.#limits);
  }

  /** How much the two can help each other now. */
  #score(
    { asker, channel, now, same }: Search<Conn>,
    candidate: Member<Conn>,
    neighbours: number,
  ): number {
    const mine = asker.position;
    const theirs = candidate.position;
    let score = 0;
    if (mine !== undefined && theirs?.rendition === mine.rendition) {
      if (theirs.next === mine.next) score += same;
      else {
        if (candidate.shares && holds(theirs, mine.next)) score += HOLDS_MY_NEXT;
        if (asker.shares && holds(mine, theirs.next)) score += NEEDS_WHAT_I_HOLD;
      }
    } else if (mine !== undefined) score -= 3;
    if (!candidate.shares) score -= 2;
    if (candidate.network === asker.network) score += 1;
    score += Math.min(channel.uploadRatio(candidate, now), 2);
    score -= neighbours / LIMITS.targetNeighbours;
    if (candidate.failures !== undefined) score -= Math.min(candidate.failures.value(now), 3);
    // Equal candidates are told apart by chance, or the first of a bucket would get all.
    return score + this.#random() * 0.5;
  }
}

function holds({ lo, hi }: Position, msn: number): boolean {
  return lo <= msn && msn <= hi;
}

/** Whether nobody, or hardly anybody, can hold what a viewer needs next; of a channel without segment events that is not known. */
function isAtEdge<Conn>({ position }: Member<Conn>, channel: Channel<Conn>): boolean {
  const newest = position && channel.group(position.rendition)?.newest;
  return newest === undefined || position === undefined || position.next > newest - EDGE_SEGMENTS;
}

/** The index of the largest. */
function best(scores: readonly number[]): number {
  let index = 0;
  scores.forEach((score, i) => {
    if (score > (scores[index] ?? -Infinity)) index = i;
  });
  return index;
}

/** Takes an item out of a list whose order does not matter. */
function takeOut<T>(items: T[], index: number): T | undefined {
  const item = items[index];
  const last = items.pop();
  if (index < items.length && last !== undefined) items[index] = last;
  return item;
}

/**
 * Neighbours a viewer may have or be about to have. One that is full is still introduced to a few, for whom it
 * drops others: if only the latest arrivals had room, the mesh would be a chain by order of joining (ADR-0009).
 */
function room<Conn>({ neighbours }: Member<Conn>): number {
  return neighbours < LIMITS.maxNeighbours ? LIMITS.maxNeighbours : MOST_NEIGHBOURS;
}
