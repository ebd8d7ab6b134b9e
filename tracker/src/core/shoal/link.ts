import { LIMITS, type PeerId } from '@shoal/protocol';
import type { TrackerLimits } from '../limits.ts';
import type { Link, Member } from './member.ts';

/** Joins two viewers, forgetting the oldest acquaintance of one that has too many. */
export function link<Conn>(
  pair: { readonly a: Member<Conn>; readonly b: Member<Conn>; readonly session: string },
  limits: TrackerLimits,
  now: number,
): Link<Conn> {
  const { a, b, session } = pair;
  const made: Link<Conn> = {
    session,
    a,
    b,
    madeAt: now,
    signalsOfA: 0,
    signalsOfB: 0,
    aliveAt: now,
    reportedByA: now,
    reportedByB: now,
    state: 'open',
    againAt: 0,
    failedAt: 0,
    failures: a.links.get(b.id)?.failures ?? 0,
  };
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    // Deleted first, so that the map stays in order of age.
    one.links.delete(other.id);
    if (one.links.size >= limits.linksPerMember) forgetOldest(one);
    one.links.set(other.id, made);
    one.settling.push(now + limits.settleMs);
  }
  return made;
}

function forgetOldest<Conn>(member: Member<Conn>): void {
  const oldest: PeerId | undefined = member.links.keys().next().value;
  if (oldest === undefined) return;
  const forgotten = member.links.get(oldest);
  member.links.delete(oldest);
  if (forgotten !== undefined) otherEnd(forgotten, member).links.delete(member.id);
}

export function otherEnd<Conn>(of: Link<Conn>, member: Member<Conn>): Member<Conn> {
  return of.a === member ? of.b : of.a;
}

/** Counts one signal of `from`; false when it must not be passed on (TRK-6). */
export function takeSignal<Conn>(
  of: Link<Conn>,
  from: Member<Conn>,
  at: { readonly now: number; readonly limits: TrackerLimits },
): boolean {
  if (of.state !== 'open' || at.now >= of.madeAt + at.limits.pendingMs) return false;
  const sent = from === of.a ? ++of.signalsOfA : ++of.signalsOfB;
  return sent <= LIMITS.signalsPerIntroduction;
}

/** Milliseconds since `by` last reported on this link; the time is used up by asking. */
export function takeReportedTime<Conn>(of: Link<Conn>, by: Member<Conn>, now: number): number {
  const last = by === of.a ? of.reportedByA : of.reportedByB;
  if (by === of.a) of.reportedByA = now;
  else of.reportedByB = now;
  of.aliveAt = now;
  of.failures = 0;
  return Math.max(0, now - last);
}

/** Ends a link for good. */
export function bar<Conn>(of: Link<Conn>): void {
  of.state = 'barred';
}

/**
 * Ends a link that did not work. One that never came about and showed it soon may be tried again soon,
 * a few times: a peer that cannot be reached at all mostly shows it by a time-out (TRK-20).
 */
export function fail<Conn>(
  of: Link<Conn>,
  at: { readonly now: number; readonly unmade: boolean },
  limits: TrackerLimits,
): void {
  if (of.state !== 'open') return;
  const soon = at.unmade && isSettling(of, limits, at.now);
  const wait = soon ? limits.retryFailedMs[of.failures++] : undefined;
  of.state = 'failed';
  of.failedAt = at.now;
  of.againAt = at.now + (wait ?? limits.reintroduceFailedMs);
}

/**
 * Whether the two of an earlier introduction may be introduced again: sooner for the sake of a viewer that has
 * nobody else (`alone`), whom one lost handshake would leave to the origin for a minute (TRK-20).
 */
export function mayLinkAgain<Conn>(
  of: Link<Conn>,
  at: { readonly now: number; readonly alone: boolean },
  limits: TrackerLimits,
): boolean {
  if (of.state === 'barred') return false;
  if (of.state !== 'failed') return at.now - of.aliveAt >= limits.reintroduceMs;
  return at.now >= of.againAt || (at.alone && at.now >= of.failedAt + limits.retryAloneMs);
}

/** True while both sides still count the link as settling. */
export function isSettling<Conn>(of: Link<Conn>, limits: TrackerLimits, now: number): boolean {
  return now < of.madeAt + limits.settleMs;
}
