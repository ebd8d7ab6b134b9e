import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  parseChannelStatus,
  parseDelivery,
  parseSigningKeys,
  parseViewers,
} from '@shoal/demo/shared-ui/origin-api';

const segment = { msn: 7, size: 100, durationMs: 2000, readyAt: 5, servedBytes: 150 };

describe('the answers of the status APIs', () => {
  it('are read with what they have', () => {
    const source = {
      rendition: 'source',
      codecs: 'avc1.64001f',
      width: 1280,
      height: 720,
      frameRate: 30,
      bitrate: 9,
    };
    const renditions = [source, { ...source, rendition: '480p' }];
    const given = [...renditions, { codecs: 'nameless' }, 7];
    expect(parseChannelStatus({ state: 'live', since: 5, renditions: given })).toEqual({
      ok: true,
      value: { state: 'live', since: 5, reason: undefined, renditions },
    });
    expect(parseChannelStatus({ state: 'idle', since: null, reason: '' })).toEqual({
      ok: true,
      value: { state: 'idle', since: undefined, reason: undefined, renditions: [] },
    });
  });

  it('are refused without a known state', () => {
    expect(parseChannelStatus({ state: 'paused' }).ok).toBe(false);
    expect(parseChannelStatus(null).ok).toBe(false);
  });

  it('give the segments that can be read, as a list or inside an object', () => {
    expect(parseDelivery([segment, { ...segment, size: 0 }, { ...segment, msn: 'x' }, 5])).toEqual([
      segment,
    ]);
    expect(parseDelivery({ segments: [segment] })).toEqual([segment]);
    expect(parseDelivery({})).toEqual([]);
  });

  it('count what was sent of all renditions of a segment', () => {
    const low = { ...segment, size: 20, servedBytes: 30 };
    const next = { ...segment, msn: 8 };
    expect(parseDelivery([segment, low, next])).toEqual([{ ...segment, servedBytes: 300 }, next]);
  });

  it('give the number of viewers, or none', () => {
    expect(parseViewers({ viewers: 3 })).toBe(3);
    expect([parseViewers({ viewers: -1 }), parseViewers([]), parseViewers('3')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('give the signing keys that can be read', () => {
    const keys = [{ publicKey: 'a' }, { publicKey: 7 }, null, { id: 'x' }, { publicKey: 'b' }];
    expect(parseSigningKeys({ signing: { keys } })).toEqual(['a', 'b']);
    for (const value of [undefined, {}, { signing: 1 }, { signing: { keys: {} } }])
      expect(parseSigningKeys(value)).toEqual([]);
  });

  it('never make the page fail, whatever they are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        parseChannelStatus(value);
        parseDelivery(value);
        parseViewers(value);
      }),
    );
  });
});
