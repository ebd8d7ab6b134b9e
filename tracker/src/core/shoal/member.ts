import type { PeerId, RenditionId } from '@shoal/protocol';
import { DecayingSum } from '../decaying-sum.ts';
import type { TrackerLimits } from '../limits.ts';
import { TokenBucket } from '../rate-limit.ts';

/** Where a viewer stands in the stream, as it said in its last update. */
export type Position = {
  readonly rendition: RenditionId;
  /** Verified segments held; `hi < lo` means none. */
  readonly lo: number;
  readonly hi: number;
  readonly next: number;
  /** Renditions beside it of which the viewer may own stripes. */
  readonly also: readonly RenditionId[];
};

/** What the tracker knows of one viewer of the Shoal dialect. */
export type Member<Conn> = {
  readonly conn: Conn;
  readonly id: PeerId;
  /** Keyed hash of the id, for duties. */
  readonly hash: number;
  readonly address: string;
  readonly network: string;
  shares: boolean;
  /** Undefined until the first update. */
  position: Position | undefined;
  /** Connected neighbours: as last reported, less those that left since. */
  neighbours: number;
  /** Neighbours it would like to have in all. */
  goal: number;
  seenAt: number;
  readonly links: Map<PeerId, Link<Conn>>;
  /** When each introduction that its neighbour count may not contain yet stops counting; in order. */
  settling: number[];
  readonly introductions: TokenBucket;
  /** Bytes that others report to have received from it (TRK-9); like the next two, of whom nobody reported any there is none. */
  uploaded: DecayingSum | undefined;
  /** Times others could not reach it. */
  failures: DecayingSum | undefined;
  /** Who reported it corrupt, and when (TRK-10). */
  accusers: Map<PeerId, number> | undefined;
  /** The last selection that looked at it. */
  mark: number;
};

/** Two viewers that were introduced to each other; both hold the same object. */
export type Link<Conn> = {
  readonly session: string;
  readonly a: Member<Conn>;
  readonly b: Member<Conn>;
  readonly madeAt: number;
  /** Signals passed on so far, by sender (LIM-10). */
  signalsOfA: number;
  signalsOfB: number;
  /** When a report by either side last showed it alive. */
  aliveAt: number;
  /** When each side last reported bytes, so that the same time cannot be reported twice. */
  reportedByA: number;
  reportedByB: number;
  state: 'open' | 'failed' | 'barred';
  /** When the connection failed last, and when the two may be introduced again. */
  failedAt: number;
  againAt: number;
  /** Connections between the two that failed soon, in a row (TRK-20). */
  failures: number;
};

/** Time constant of reported upload: long enough to smooth over segments, short against a session. */
const UPLOAD_FADE_MS = 30_000;
const FAILURE_FADE_MS = 60_000;

/** A viewer that has just joined: no position, no neighbours. */
export function newMember<Conn>(
  who: Pick<Member<Conn>, 'conn' | 'id' | 'hash' | 'address' | 'network' | 'shares'>,
  limits: TrackerLimits,
  now: number,
): Member<Conn> {
  return {
    ...who,
    position: undefined,
    neighbours: 0,
    goal: limits.introductionsAtJoin,
    seenAt: now,
    links: new Map(),
    settling: [],
    introductions: new TokenBucket(
      { perSecond: limits.introductionsPerSecond, burst: limits.introductionBurst },
      now,
    ),
    uploaded: undefined,
    failures: undefined,
    accusers: undefined,
    mark: 0,
  };
}

/** Counts what somebody received from it. */
export function creditUpload<Conn>(member: Member<Conn>, bytes: number, now: number): void {
  member.uploaded ??= new DecayingSum(UPLOAD_FADE_MS);
  member.uploaded.add(bytes, now);
}

/** Counts that somebody could not reach it. */
export function countFailure<Conn>(member: Member<Conn>, now: number): void {
  member.failures ??= new DecayingSum(FAILURE_FADE_MS);
  member.failures.add(1, now);
}

/** Neighbours it has or is about to have. */
export function degree<Conn>(member: Member<Conn>, now: number): number {
  while ((member.settling[0] ?? Infinity) <= now) member.settling.shift();
  return member.neighbours + member.settling.length;
}

/** Takes over the neighbour count of an update: what was settling and is counted now settles no more. */
export function countNeighbours<Conn>(member: Member<Conn>, reported: number): void {
  member.settling.splice(0, Math.max(0, reported - member.neighbours));
  member.neighbours = reported;
}

/** Takes one neighbour off, whether it was still settling or counted already. */
export function loseNeighbour<Conn>(member: Member<Conn>, settling: boolean): void {
  if (settling && member.settling.length > 0) member.settling.pop();
  else member.neighbours = Math.max(0, member.neighbours - 1);
}

/** Whether it may own stripes: it shares and holds at least two verified segments (TRK-8). */
export function isHolder<Conn>(member: Member<Conn>): boolean {
  const at = member.position;
  return member.shares && at !== undefined && at.hi - at.lo >= 1;
}
