import { createShoal, ShoalError, type ShoalOptions } from '@shoal/client-sdk';
import { describe, expect, it } from 'vitest';

describe('createShoal', () => {
  it.each<[string, ShoalOptions]>([
    ['a tracker that is no URL', { tracker: 'tracker' }],
    ['a tracker that is no WebSocket', { tracker: 'https://tracker.example' }],
    [
      'an integrity that is none of them',
      // What a page in plain JavaScript may pass.
      { tracker: 'wss://tracker.example', integrity: 'some' as 'none' },
    ],
    ['a channel with a slash', { tracker: 'wss://tracker.example', channel: 'a/b' }],
    ['an upload limit of nothing', { tracker: 'wss://tracker.example', upload: { maxKbps: 0 } }],
    [
      'an upload limit that is none',
      { tracker: 'wss://tracker.example', upload: { maxKbps: NaN } },
    ],
    ['no signing key', { tracker: 'wss://tracker.example', signingKeys: [] }],
    ['a signing key that is none', { tracker: 'wss://tracker.example', signingKeys: ['x'] }],
    [
      'signing keys that are no list',
      { tracker: 'wss://tracker.example', signingKeys: 'A'.repeat(43) as unknown as string[] },
    ],
    ['a byte budget below nothing', { tracker: 'wss://tracker.example', upload: { maxBytes: -1 } }],
  ])('refuses %s with a typed error', async (_, options) => {
    const refusal = await createShoal(options).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ShoalError);
    expect(refusal).toHaveProperty('code', 'invalid-option');
  });

  it('SWM-8 gives plain HLS and a typed warning where there is no WebRTC', async () => {
    const shoal = await createShoal({ tracker: 'wss://tracker.example' });
    const codes: string[] = [];
    shoal.on('warning', ({ code }) => codes.push(code));
    expect(shoal.engine).toBe('none');
    expect(codes).toEqual(['webrtc-unsupported']);
    shoal.setP2P(true);
    expect(() => {
      shoal.setUpload({ maxKbps: -1 });
    }).toThrow(ShoalError);
    shoal.setUpload(false);
    expect(shoal.stats().upload).toEqual({ state: 'off', reason: 'p2p' });
    expect(shoal.stats()).toMatchObject({ p2p: false, peers: 0, tracker: 'off', stalls: 0 });
    shoal.close();
    shoal.close();
  });
});
