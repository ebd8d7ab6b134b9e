import type { BadReason, ClientUpdate } from '@shoal/protocol';
import type { TrackerLimits } from '../limits.ts';
import type { Channel } from './channel.ts';
import { fail, isSettling, otherEnd, takeReportedTime } from './link.ts';
import type { Member } from './member.ts';

/** One neighbour cannot give more than this multiple of the bitrate for long: reports above it are cut. */
const MAX_RATIO_PER_LINK = 2;
/** Reports reach back at most this far. */
const MAX_REPORTED_MS = 20_000;

type Report<Conn> = {
  readonly from: Member<Conn>;
  readonly channel: Channel<Conn>;
  readonly update: ClientUpdate;
};

/**
 * Takes in what a viewer says of its neighbours. Only reports about viewers it was introduced to count
 * (TRK-9), so none about itself. Returns those that enough others have called corrupt (TRK-10).
 */
export function takeReports<Conn>(
  { from, channel, update }: Report<Conn>,
  limits: TrackerLimits,
  now: number,
): readonly Member<Conn>[] {
  for (const { peer, bytes } of update.received) {
    const link = from.links.get(peer);
    if (link === undefined) continue;
    const elapsedMs = Math.min(takeReportedTime(link, from, now), MAX_REPORTED_MS);
    const other = otherEnd(link, from);
    const most = (channel.bitrate(from.position?.rendition) / 8000) * elapsedMs;
    other.uploaded.add(Math.min(bytes, most * MAX_RATIO_PER_LINK), now);
  }
  const condemned: Member<Conn>[] = [];
  for (const { peer, reason } of update.bad) {
    const accused = blame({ from, peer, reason }, limits, now);
    if (accused !== undefined && !condemned.includes(accused)) condemned.push(accused);
  }
  return condemned;
}

function blame<Conn>(
  report: {
    readonly from: Member<Conn>;
    readonly peer: ClientUpdate['bad'][number]['peer'];
    readonly reason: BadReason;
  },
  limits: TrackerLimits,
  now: number,
): Member<Conn> | undefined {
  const { from, reason } = report;
  const link = from.links.get(report.peer);
  if (link === undefined) return undefined;
  const other = otherEnd(link, from);
  if (link.state === 'open') {
    // The place it took up is free again on both sides.
    if (isSettling(link, limits, now)) for (const side of [from, other]) side.settling.pop();
    if (reason === 'unreachable') other.failures.add(1, now);
  }
  fail(link, reason === 'corrupt' ? 'barred' : 'failed', now);
  if (reason !== 'corrupt') return undefined;
  other.accusers.set(from.id, now);
  for (const [accuser, at] of other.accusers)
    if (now - at >= limits.accusationMs) other.accusers.delete(accuser);
  return other.accusers.size >= limits.reportersToBan ? other : undefined;
}
