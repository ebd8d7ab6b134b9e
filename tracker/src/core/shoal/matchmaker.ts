import { LIMITS } from '@shoal/protocol';
import type { IndexedArray } from '../indexed-array.ts';
import type { TrackerLimits } from '../limits.ts';
import type { Channel } from './channel.ts';
import { mayLinkAgain } from './link.ts';
import { degree, type Member } from './member.ts';

/** Chance that one introduction goes to any candidate instead of the best: it keeps the mesh connected. */
const AT_RANDOM = 0.25;
/** Viewers looked at: more where more are wanted, up to the limit `sample`. */
const LOOKS_AT_LEAST = 12;
const LOOKS_PER_CHOICE = 6;
/** Which windows are near, by how far they are ahead, and their shares of the looks. */
const NEARNESS = [
  [0, 0.45],
  [1, 0.35],
  [-1, 0.2],
] as const;

type Search<Conn> = {
  readonly asker: Member<Conn>;
  readonly channel: Channel<Conn>;
  readonly now: number;
};

/** Decides who should meet whom; looks at a bounded sample, whatever the size of the channel (TRK-12). */
export class Matchmaker<Conn> {
  readonly #random: () => number;
  readonly #limits: TrackerLimits;
  #mark = 0;

  constructor(random: () => number, limits: TrackerLimits) {
    this.#random = random;
    this.#limits = limits;
  }

  /** At most `count` viewers for `asker` to meet, fewer when there are no more that fit. */
  choose(search: Search<Conn>, count: number): readonly Member<Conn>[] {
    if (count <= 0) return [];
    const pool = this.#candidates(search, count).map((candidate) => ({
      candidate,
      score: this.#score(search, candidate),
    }));
    pool.sort((a, b) => b.score - a.score);
    const chosen: Member<Conn>[] = [];
    while (chosen.length < count && pool.length > 0) {
      const byChance = this.#random() < AT_RANDOM;
      const index = byChance ? Math.floor(this.#random() * pool.length) : 0;
      const [picked] = pool.splice(index, 1);
      if (picked !== undefined) chosen.push(picked.candidate);
    }
    return chosen;
  }

  /** A sample: nearby windows of the same rendition, then its other viewers, then anybody (TRK-5). */
  #candidates(search: Search<Conn>, count: number): readonly Member<Conn>[] {
    const { asker, channel } = search;
    const { sample, sampledAtRandom } = this.#limits;
    const looks = Math.min(sample, LOOKS_AT_LEAST + LOOKS_PER_CHOICE * count);
    const into: Member<Conn>[] = [];
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
      for (const [ahead, share] of NEARNESS) {
        const bucket = group.windows.get(window + ahead);
        spare = this.#draw(search, bucket, { into, looks: near * share + spare });
      }
      spare = this.#draw(search, group.members, { into, looks: looks - near + spare });
      // Many of a crowd have all the neighbours they can: look once more before leaving the rendition.
      if (into.length < count) this.#draw(search, group.members, { into, looks });
    }
    if (into.length < count) this.#draw(search, channel.members, { into, looks: looks + spare });
    return into;
  }

  /** Looks at members of `from` by chance, a small set as a whole, and keeps those that fit; the looks left. */
  #draw(
    search: Search<Conn>,
    from: IndexedArray<Member<Conn>> | undefined,
    { into, looks }: { readonly into: Member<Conn>[]; readonly looks: number },
  ): number {
    if (from === undefined) return looks;
    const whole = from.size <= looks;
    const tries = whole ? from.size : looks;
    for (let i = 0; i < tries; i++) {
      const candidate = whole ? from.items[i] : from.at(this.#random());
      if (candidate === undefined || candidate.mark === this.#mark) continue;
      candidate.mark = this.#mark;
      if (this.#fits(search, candidate)) into.push(candidate);
    }
    return looks - tries;
  }

  /** The hard filters. */
  #fits({ asker, now }: Search<Conn>, candidate: Member<Conn>): boolean {
    if (now - candidate.seenAt >= this.#limits.staleMs) return false;
    // One side must be able to give; a viewer that wants nobody and gives nothing has P2P off.
    if (!asker.shares && !candidate.shares) return false;
    if (candidate.goal === 0 && !candidate.shares) return false;
    if (degree(candidate, now) >= room(candidate)) return false;
    const earlier = asker.links.get(candidate.id);
    if (earlier === undefined) return true;
    return mayLinkAgain(earlier, { now, alone: degree(asker, now) === 0 }, this.#limits);
  }

  /** How much the two can help each other now. */
  #score({ asker, channel, now }: Search<Conn>, candidate: Member<Conn>): number {
    const mine = asker.position;
    const theirs = candidate.position;
    let score = 0;
    if (mine !== undefined && theirs?.rendition === mine.rendition) {
      if (candidate.shares && theirs.lo <= mine.next && mine.next <= theirs.hi) score += 4;
      if (asker.shares && mine.lo <= theirs.next && theirs.next <= mine.hi) score += 1;
    } else if (mine !== undefined) score -= 3;
    if (!candidate.shares) score -= 2;
    if (candidate.network === asker.network) score += 1;
    score += Math.min(channel.uploadRatio(candidate, now), 2);
    score -= degree(candidate, now) / LIMITS.targetNeighbours;
    score -= Math.min(candidate.failures.value(now), 3);
    // Equal candidates are told apart by chance, or the first of a bucket would get all.
    return score + this.#random() * 0.5;
  }
}

/**
 * Neighbours a viewer may have or be about to have. One that is full is still introduced to a few, for whom it
 * drops others: if only the latest arrivals had room, the mesh would be a chain by order of joining (ADR-0009).
 */
function room<Conn>({ neighbours }: Member<Conn>): number {
  const { maxNeighbours, spareNeighbours } = LIMITS;
  return neighbours < maxNeighbours ? maxNeighbours : maxNeighbours + spareNeighbours;
}
