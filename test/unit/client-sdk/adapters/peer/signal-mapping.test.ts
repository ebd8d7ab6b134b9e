import type { Signal } from '@shoal/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  toPeerSignal,
  toWireSignal,
} from '../../../../../client-sdk/src/adapters/peer/signal-mapping.ts';

const SDP = 'v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n';
const CANDIDATE = 'candidate:1 1 udp 2113937151 192.0.2.1 54400 typ host';

describe('signals', () => {
  it.each<[string, Signal]>([
    ['an offer', { kind: 'offer', sdp: SDP }],
    ['an answer', { kind: 'answer', sdp: SDP }],
    ['a candidate', { kind: 'candidate', candidate: CANDIDATE, sdpMid: '0', sdpMLineIndex: 0 }],
    [
      'a candidate without an index',
      { kind: 'candidate', candidate: CANDIDATE, sdpMid: '0', sdpMLineIndex: null },
    ],
  ])('%s is the same after both mappings', (_, signal) => {
    expect(toWireSignal(toPeerSignal(signal))).toEqual(signal);
  });

  it.each<[string, unknown]>([
    ['a request to renegotiate', { type: 'renegotiate', renegotiate: true }],
    ['a request for a transceiver', { type: 'transceiverRequest', transceiverRequest: {} }],
    ['the end of candidates', { type: 'candidate', candidate: { candidate: '', sdpMid: '0' } }],
    ['an SDP beyond the limit', { type: 'offer', sdp: 'x'.repeat(8_193) }],
    ['a candidate that is none', { type: 'candidate', candidate: 'x' }],
    ['nothing', undefined],
  ])('%s is not passed on', (_, emitted) => {
    expect(toWireSignal(emitted)).toBeUndefined();
  });

  it.each<[string, Signal]>([
    ['video in an offer', { kind: 'offer', sdp: `${SDP}m=video 9 UDP/TLS/RTP/SAVPF 96\r\n` }],
    ['audio in an answer', { kind: 'answer', sdp: `m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n${SDP}` }],
    [
      'a candidate for no section',
      { kind: 'candidate', candidate: CANDIDATE, sdpMid: null, sdpMLineIndex: null },
    ],
    [
      'a candidate that is none',
      { kind: 'candidate', candidate: 'hello', sdpMid: '0', sdpMLineIndex: 0 },
    ],
  ])('%s is ignored', (_, signal) => {
    expect(toPeerSignal(signal)).toBeUndefined();
  });

  it('reads anything without throwing', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        toWireSignal(value);
      }),
    );
  });
});
