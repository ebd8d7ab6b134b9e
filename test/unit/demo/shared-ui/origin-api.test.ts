import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChannelStatus, parseDelivery, parseViewers } from '@shoal/demo/shared-ui/origin-api';

const segment = { msn: 7, size: 100, durationMs: 2000, readyAt: 5, servedBytes: 150 };

describe('the answers of the status APIs', () => {
  it('are read with what they have', () => {
    const rendition = {
      codecs: 'avc1.64001f',
      width: 1280,
      height: 720,
      frameRate: 30,
      bitrate: 9,
    };
    expect(parseChannelStatus({ state: 'live', since: 5, rendition })).toEqual({
      ok: true,
      value: { state: 'live', since: 5, reason: undefined, rendition },
    });
    expect(parseChannelStatus({ state: 'idle', since: null, reason: '' })).toEqual({
      ok: true,
      value: { state: 'idle', since: undefined, reason: undefined, rendition: undefined },
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

  it('give the number of viewers, or none', () => {
    expect(parseViewers({ viewers: 3 })).toBe(3);
    expect([parseViewers({ viewers: -1 }), parseViewers([]), parseViewers('3')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
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
