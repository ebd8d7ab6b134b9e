import { fromBase64Url } from '../base64url.ts';
import {
  parseChannelId,
  parsePeerId,
  parseRenditionId,
  type PeerId,
  type RenditionId,
} from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { isRoot } from '../integrity.ts';
import { err, ok, type Result } from '../result.ts';
import { isSegmentSize, isUint32, type SegmentInfo } from '../segment.ts';
import { isSignature } from '../signature.ts';
import type {
  BadReason,
  BadReport,
  ClientMessage,
  ClientUpdate,
  Duty,
  Signal,
  TrackerErrorCode,
  TrackerMessage,
} from './messages.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads what a viewer sent, already parsed from JSON. Arrays are measured before they are walked
 * (LIM-7); unknown fields are ignored; nothing throws (TRK-3).
 */
export function parseClientMessage(value: unknown): Result<ClientMessage, string> {
  if (!isFields(value)) return err('not an object');
  switch (value['action']) {
    case 'join': {
      const channel = parseChannelId(value['channel']);
      if (!channel.ok) return channel;
      const { version, shares, key } = value;
      if (!isUint32(version) || typeof shares !== 'boolean') return err('bad join');
      const join = { action: 'join', version, channel: channel.value, shares } as const;
      if (key === undefined) return ok(join);
      return isKey(key) ? ok({ ...join, key }) : err('bad key');
    }
    case 'update':
      return parseUpdate(value);
    case 'signal': {
      const to = parsePeerId(value['to']);
      const body = parseSignalBody(value);
      if (!to.ok) return to;
      if (!body.ok) return body;
      return ok({ action: 'signal', to: to.value, ...body.value });
    }
    case 'renew': {
      const { token } = value;
      return isToken(token) ? ok({ action: 'renew', token }) : err('bad token');
    }
    case 'leave':
      return ok({ action: 'leave' });
    default:
      return err('unknown action');
  }
}

/** A viewer only counts what it cannot read of its tracker: a page need not carry the words. */
const BAD_MESSAGE = err('bad message');

/** Reads what a tracker sent, already parsed from JSON; a viewer trusts it no further than its shape. */
export function parseTrackerMessage(value: unknown): Result<TrackerMessage, string> {
  if (!isFields(value)) return BAD_MESSAGE;
  switch (value['action']) {
    case 'welcome': {
      const peer = parsePeerId(value['peer']);
      const channel = parseChannelId(value['channel']);
      const { version, updateIntervalMs, viewers } = value;
      if (!peer.ok) return peer;
      if (!channel.ok) return channel;
      if (!isUint32(version) || !isUint32(updateIntervalMs) || !isUint32(viewers))
        return BAD_MESSAGE;
      return ok({
        action: 'welcome',
        version,
        peer: peer.value,
        channel: channel.value,
        updateIntervalMs,
        viewers,
      });
    }
    case 'introduce': {
      const peer = parsePeerId(value['peer']);
      const { session, initiator } = value;
      if (!peer.ok) return peer;
      if (!isSession(session) || typeof initiator !== 'boolean') return BAD_MESSAGE;
      return ok({ action: 'introduce', peer: peer.value, session, initiator });
    }
    case 'signal': {
      const from = parsePeerId(value['from']);
      const body = parseSignalBody(value);
      if (!from.ok) return from;
      if (!body.ok) return body;
      return ok({ action: 'signal', from: from.value, ...body.value });
    }
    case 'segment':
      return parseSegmentMessage(value);
    case 'gone': {
      const peer = parsePeerId(value['peer']);
      return peer.ok ? ok({ action: 'gone', peer: peer.value }) : peer;
    }
    case 'renew':
      return ok({ action: 'renew' });
    case 'moved': {
      const { url } = value;
      return isUrl(url) ? ok({ action: 'moved', url }) : BAD_MESSAGE;
    }
    case 'error': {
      const { code, message } = value;
      if (typeof code !== 'string' || typeof message !== 'string') return BAD_MESSAGE;
      // A later tracker may know more codes; viewers only show them.
      return ok({ action: 'error', code: code as TrackerErrorCode, message });
    }
    default:
      return BAD_MESSAGE;
  }
}

function parseUpdate(value: Fields): Result<ClientUpdate, string> {
  const rendition = parseRenditionId(value['rendition']);
  if (!rendition.ok) return rendition;
  const { epoch, lo, hi, next, neighbours, want, shares } = value;
  if (!isUint32(epoch) || !isUint32(lo) || !isUint32(next)) return err('bad window');
  if (!isUint32(hi) && hi !== -1) return err('bad window');
  if (!isUint32(neighbours) || !isUint32(want) || want > LIMITS.maxNeighbours)
    return err('bad neighbour count');
  if (typeof shares !== 'boolean') return err('bad shares');
  const received = parseReports(value['received'], (report, peer) =>
    isUint32(report['bytes']) ? { peer, bytes: report['bytes'] } : undefined,
  );
  const bad = parseReports(value['bad'], parseBad);
  if (received === undefined || bad === undefined) return err('bad reports');
  const also = parseRenditions(value['also']);
  if (also === undefined) return err('bad renditions');
  return ok({
    action: 'update',
    rendition: rendition.value,
    epoch,
    lo,
    hi,
    next,
    also,
    neighbours,
    want,
    shares,
    received,
    bad,
  });
}

function parseBad({ reason, session }: Fields, peer: PeerId): BadReport | undefined {
  if (!isBadReason(reason)) return undefined;
  if (session === undefined) return { peer, reason };
  return isSession(session) ? { peer, reason, session } : undefined;
}

/** Absent is none; undefined for what is not a list of renditions. */
function parseRenditions(value: unknown): readonly RenditionId[] | undefined {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > LIMITS.otherRenditions) return undefined;
  const renditions: RenditionId[] = [];
  for (const item of value as readonly unknown[]) {
    const rendition = parseRenditionId(item);
    if (!rendition.ok) return undefined;
    renditions.push(rendition.value);
  }
  return renditions;
}

function parseReports<T>(
  value: unknown,
  read: (report: Fields, peer: PeerId) => T | undefined,
): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > LIMITS.reportsPerUpdate) return undefined;
  const reports: T[] = [];
  for (const item of value as readonly unknown[]) {
    if (!isFields(item)) return undefined;
    const peer = parsePeerId(item['peer']);
    const report = peer.ok ? read(item, peer.value) : undefined;
    if (report === undefined) return undefined;
    reports.push(report);
  }
  return reports;
}

function parseSignalBody(
  value: Fields,
): Result<{ readonly session: string; readonly signal: Signal }, string> {
  const { session, signal } = value;
  if (!isSession(session) || !isFields(signal)) return err('bad signal');
  const { kind, sdp, candidate, sdpMid, sdpMLineIndex } = signal;
  if ((kind === 'offer' || kind === 'answer') && isSdp(sdp))
    return ok({ session, signal: { kind, sdp } });
  if (kind !== 'candidate' || !isSdp(candidate)) return err('bad signal');
  const mid = sdpMid === null || (typeof sdpMid === 'string' && sdpMid.length <= 64);
  const line = sdpMLineIndex === null || (isUint32(sdpMLineIndex) && sdpMLineIndex < 256);
  if (!mid || !line) return err('bad candidate');
  return ok({ session, signal: { kind, candidate, sdpMid, sdpMLineIndex } });
}

function parseSegmentMessage(value: Fields): Result<TrackerMessage, string> {
  const { viewers, duties } = value;
  const segment = parseSegmentInfo(value['segment']);
  if (segment === undefined || !isUint32(viewers)) return BAD_MESSAGE;
  if (!Array.isArray(duties) || duties.length > LIMITS.dutiesPerSegment) return BAD_MESSAGE;
  const parsed: Duty[] = [];
  for (const duty of duties as readonly unknown[]) {
    if (!isFields(duty)) return BAD_MESSAGE;
    const { stripe, of, rank } = duty;
    if (!isUint32(stripe) || !isUint32(of) || !isUint32(rank)) return BAD_MESSAGE;
    if (stripe >= of || of > LIMITS.piecesPerSegment) return BAD_MESSAGE;
    parsed.push({ stripe, of, rank });
  }
  return ok({ action: 'segment', segment, viewers, duties: parsed });
}

function parseSegmentInfo(value: unknown): SegmentInfo | undefined {
  if (!isFields(value) || !isFields(value['id'])) return undefined;
  const { epoch, msn } = value['id'];
  const rendition = parseRenditionId(value['id']['rendition']);
  const { size, durationMs, root, signature } = value;
  if (!rendition.ok || !isUint32(epoch) || !isUint32(msn)) return undefined;
  if (!isSegmentSize(size) || !isUint32(durationMs) || !isRoot(root)) return undefined;
  const info = { id: { rendition: rendition.value, epoch, msn }, size, durationMs, root };
  if (signature === undefined) return info;
  return isSignature(signature) ? { ...info, signature } : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSession(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 24;
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && fromBase64Url(value, 16).ok;
}

function isToken(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= LIMITS.tokenBytes;
}

function isUrl(value: unknown): value is string {
  return typeof value === 'string' && /^wss?:/.test(value) && value.length <= LIMITS.urlBytes;
}

function isSdp(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LIMITS.sdpBytes;
}

function isBadReason(value: unknown): value is BadReason {
  return value === 'corrupt' || value === 'unreachable';
}
