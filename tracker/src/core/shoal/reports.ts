import type { BadReport, ClientUpdate, PeerId } from '@shoal/protocol';
import type { TrackerLimits } from '../limits.ts';
import type { Channel } from './channel.ts';
import { bar, fail, isSettling, otherEnd, takeReportedTime } from './link.ts';
import { countFailure, creditUpload, type Member } from './member.ts';

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
    creditUpload(other, Math.min(bytes, most * MAX_RATIO_PER_LINK), now);
  }
  const condemned: Member<Conn>[] = [];
  for (const bad of update.bad) {
    const accused = blame({ from, bad }, limits, now);
    if (accused !== undefined && !condemned.includes(accused)) condemned.push(accused);
  }
  return condemned;
}

function blame<Conn>(
  report: { readonly from: Member<Conn>; readonly bad: BadReport },
  limits: TrackerLimits,
  now: number,
): Member<Conn> | undefined {
  const { from } = report;
  const { peer, reason, session } = report.bad;
  const link = from.links.get(peer);
  // The two may have been introduced anew since.
  if (link === undefined || (session !== undefined && session !== link.session)) return undefined;
  const other = otherEnd(link, from);
  if (link.state === 'open') {
    // The place it took up is free again on both sides.
    if (isSettling(link, limits, now)) for (const side of [from, other]) side.settling.pop();
    if (reason === 'unreachable') countFailure(other, now);
  }
  if (reason !== 'corrupt') {
    fail(link, { now, unmade: session !== undefined }, limits);
    return undefined;
  }
  bar(link);
  const accusers = (other.accusers ??= new Map<PeerId, number>());
  accusers.set(from.id, now);
  for (const [accuser, at] of accusers)
    if (now - at >= limits.accusationMs) accusers.delete(accuser);
  return accusers.size >= limits.reportersToBan ? other : undefined;
}
