import { type Duty, segmentKey, type SegmentId } from '@shoal/protocol';
import { hashText, mixToUnit } from '../keyed-hash.ts';
import type { TrackerLimits } from '../limits.ts';
import type { Channel } from './channel.ts';
import type { Member } from './member.ts';

/** Owner and two backups (TRK-8). */
const RANKS = 3;
/** What a viewer counts of whom nobody reports anything yet, against 1 for one bitrate given away. */
const BASE_WEIGHT = 0.25;
const MAX_WEIGHT = 4.25;

/** How many stripes a segment is cut into, by the number of viewers that may own one (TRK-8). */
function stripesFor(holders: number): number {
  if (holders === 0) return 0;
  if (holders < 6) return 2;
  return holders > 200 ? 8 : 4;
}

/** Whose stripes of which segment: a question of the channel, the segment, and the tracker's secret key. */
export type DutyRequest<Conn> = {
  readonly channel: Channel<Conn>;
  readonly segment: SegmentId;
  readonly key: number;
};

/**
 * Who takes which stripe of a segment from the origin (TRK-8): the viewers with the largest weighted
 * rendezvous scores, in order; the first K own, the next 2·K back them up. The segment is part of the hash,
 * so duties rotate, and its key is secret, so that nobody can foresee them.
 */
export function assignDuties<Conn>(
  { channel, segment, key }: DutyRequest<Conn>,
  limits: TrackerLimits,
  now: number,
): ReadonlyMap<Member<Conn>, readonly Duty[]> {
  const duties = new Map<Member<Conn>, Duty[]>();
  const holders = channel.group(segment.rendition)?.holders.items ?? [];
  const of = stripesFor(holders.length);
  const hash = hashText(segmentKey(segment), key);
  // Smallest of exponential variables with these rates: weighted rendezvous hashing.
  const ranked = cheapest(holders, of * RANKS, (member, limit) => {
    const cost = -Math.log(mixToUnit(hash, member.hash));
    if (cost / MAX_WEIGHT >= limit || now - member.seenAt >= limits.staleMs) return Infinity;
    const weight = BASE_WEIGHT + channel.uploadRatio(member, now);
    return cost / Math.min(weight, MAX_WEIGHT);
  });
  // With enough viewers nobody has two duties; with fewer a stripe's backups own the next ones.
  const stride = ranked.length >= of * RANKS ? of : 1;
  for (let stripe = 0; stripe < of; stripe++)
    for (let rank = 0; rank < Math.min(RANKS, ranked.length); rank++) {
      const member = ranked[(stripe + rank * stride) % ranked.length];
      if (member === undefined) continue;
      const duty = { stripe, of, rank };
      const others = duties.get(member);
      if (others === undefined) duties.set(member, [duty]);
      else others.push(duty);
    }
  return duties;
}

/**
 * The `count` items of lowest cost, in order of cost; one pass, since `count` is small. `cost` may answer
 * Infinity for an item that it sees to be no cheaper than `limit`, the cost of the last one so far.
 */
function cheapest<T>(
  items: readonly T[],
  count: number,
  cost: (item: T, limit: number) => number,
): readonly T[] {
  const ranked: { readonly item: T; readonly cost: number }[] = [];
  for (const item of items) {
    const limit = ranked[count - 1]?.cost ?? Infinity;
    const entry = { item, cost: cost(item, limit) };
    if (entry.cost >= limit) continue;
    let at = ranked.length;
    while (at > 0 && (ranked[at - 1]?.cost ?? 0) > entry.cost) at -= 1;
    ranked.splice(at, 0, entry);
    if (ranked.length > count) ranked.pop();
  }
  return ranked.map(({ item }) => item);
}
