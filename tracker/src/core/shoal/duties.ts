import { type Duty, LIMITS, segmentKey, type SegmentId } from '@shoal/protocol';
import { hashText, mixToUnit } from '../keyed-hash.ts';
import type { TrackerLimits } from '../limits.ts';
import type { Channel } from './channel.ts';
import type { Member } from './member.ts';

/** Owner and two backups (TRK-8). */
const RANKS = 3;
/** What a viewer counts of whom nobody reports anything yet, against 1 for one bitrate given away. */
const BASE_WEIGHT = 0.25;
const MAX_WEIGHT = 4.25;

/** Stripes of a segment: with fewer, most uplinks would have nothing to give while the few owners hand out theirs (TRK-8). */
const MAX_STRIPES = 12;

/** Whose stripes of which segment: a question of the channel, the segment, and the tracker's secret key. */
export type DutyRequest<Conn> = {
  readonly channel: Channel<Conn>;
  readonly segment: SegmentId;
  readonly key: number;
};

/**
 * Who takes which stripe of a segment from the origin, and who backs it up (TRK-8). Many viewers: those with the largest
 * weighted rendezvous scores, one stripe each. Fewer: all of them, in proportion to their weights. The segment is part of
 * the hash, so duties rotate, and its key is secret, so that nobody can foresee them.
 */
export function assignDuties<Conn>(
  { channel, segment, key }: DutyRequest<Conn>,
  limits: TrackerLimits,
  now: number,
): ReadonlyMap<Member<Conn>, readonly Duty[]> {
  const duties = new Map<Member<Conn>, Duty[]>();
  const holders = channel.group(segment.rendition)?.holders.items ?? [];
  const of = Math.min(holders.length, MAX_STRIPES);
  const hash = hashText(segmentKey(segment), key);
  const few = holders.length < of * RANKS;
  const weight = (member: Member<Conn>): number =>
    Math.min(BASE_WEIGHT + channel.uploadRatio(member, now), MAX_WEIGHT);
  // Smallest of exponential variables with these rates: weighted rendezvous hashing.
  const ranked = cheapest(holders, of * RANKS, (member, limit) => {
    const cost = -Math.log(mixToUnit(hash, member.hash));
    if (cost / MAX_WEIGHT >= limit || now - member.seenAt >= limits.staleMs) return Infinity;
    return few ? cost : cost / weight(member);
  });
  const owners = few ? inProportion(ranked.map(weight), of) : [...Array(of).keys()];
  const stride = few ? 1 : of;
  owners.forEach((owner, stripe) => {
    for (let rank = 0; rank < Math.min(RANKS, ranked.length); rank++) {
      const member = ranked[(owner + rank * stride) % ranked.length];
      if (member === undefined) continue;
      const duty = { stripe, of, rank };
      const others = duties.get(member);
      if (others === undefined) duties.set(member, [duty]);
      else if (others.length < LIMITS.dutiesPerSegment) others.push(duty);
    }
  });
  return duties;
}

/**
 * Deals `count` things out among holders of these weights, as evenly as whole numbers allow (systematic sampling);
 * whose each is, by index. The order of the holders decides who gets one more.
 */
function inProportion(weights: readonly number[], count: number): readonly number[] {
  const step = weights.reduce((sum, weight) => sum + weight, 0) / count;
  const owners: number[] = [];
  let passed = 0;
  weights.forEach((weight, holder) => {
    passed += weight;
    while (owners.length < count && (owners.length + 0.5) * step < passed) owners.push(holder);
  });
  return owners;
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
