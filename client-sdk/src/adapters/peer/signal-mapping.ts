import { LIMITS, type Signal } from '@shoal/protocol';

/** A signal in simple-peer's shape. */
export type PeerSignal =
  | { readonly type: 'offer' | 'answer'; readonly sdp: string }
  | { readonly type: 'candidate'; readonly candidate: RTCIceCandidateInit };

/** Media sections other than the one that carries data channels (RFC 8841): never offered by us, so never accepted. */
const FOREIGN_MEDIA = /^m=(?!application )/m;

/** What simple-peer emitted, as the wire has it; undefined for what is not passed on, such as end of candidates. */
export function toWireSignal(emitted: unknown): Signal | undefined {
  if (!isFields(emitted)) return undefined;
  const { type, sdp, candidate } = emitted;
  if ((type === 'offer' || type === 'answer') && isSdp(sdp)) return { kind: type, sdp };
  if (type !== 'candidate' || !isFields(candidate) || !isSdp(candidate['candidate']))
    return undefined;
  const { sdpMid, sdpMLineIndex } = candidate;
  return {
    kind: 'candidate',
    candidate: candidate['candidate'],
    sdpMid: typeof sdpMid === 'string' ? sdpMid : null,
    sdpMLineIndex: typeof sdpMLineIndex === 'number' ? sdpMLineIndex : null,
  };
}

/**
 * A peer's signal in simple-peer's shape; undefined for one that would only do harm: SDP with media
 * in it, or a candidate that is none or belongs to no section (RFC 8829 section 3.5.2).
 */
export function toPeerSignal(signal: Signal): PeerSignal | undefined {
  if (signal.kind !== 'candidate')
    return FOREIGN_MEDIA.test(signal.sdp) ? undefined : { type: signal.kind, sdp: signal.sdp };
  const { candidate, sdpMid, sdpMLineIndex } = signal;
  if (!candidate.startsWith('candidate:') || (sdpMid === null && sdpMLineIndex === null))
    return undefined;
  return { type: 'candidate', candidate: { candidate, sdpMid, sdpMLineIndex } };
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isSdp(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= LIMITS.sdpBytes;
}
