import { describe, expect, it } from 'vitest';
import { type LiveObject } from '@shoal/server/core';
import {
  formatAbout,
  formatField,
  formatMessage,
  formatPlace,
  parseAbout,
  parseField,
  parseMessage,
  parsePlace,
} from '../../../../../server/src/adapters/redis/messages.ts';
import { ServedTotals } from '../../../../../server/src/adapters/redis/served-totals.ts';
import { channelId } from '../../../../support/builders.ts';
import { seededBytes } from '../../../../support/seeded-random.ts';

const LIST: LiveObject = {
  bytes: Buffer.from('#EXTM3U\nü "quoted"\n'),
  ...{ contentType: 'application/vnd.apple.mpegurl', etag: '"a-1"', cacheControl: 'public' },
  awaited: {
    reach: { lastMsn: 4, lastParts: 3, open: { epoch: 7, msn: 5, parts: 1 }, ended: false },
    delta: Buffer.from('#EXTM3U\n#EXT-X-SKIP\n'),
    ...{ cacheControl: 'public, max-age=0', waitMs: 6_000 },
  },
};
const ABOUT = {
  status: { channel: channelId(), state: 'live' as const, since: 1, renditions: [] },
  ...{ expectsMedia: true, lowLatency: false, recorded: true },
};
const PLACE = { run: 1_700_000_000_123, seq: 42 };

describe('what is written into Redis', () => {
  it('ORG-33 is read as it was written', () => {
    expect(parseField(formatField({ type: 'here', object: LIST }))).toEqual({
      ...{ type: 'here', object: LIST },
    });
    const { awaited, ...ordinary } = LIST;
    expect(awaited).toBeDefined();
    expect(parseField(formatField({ type: 'here', object: ordinary }))).toEqual({
      ...{ type: 'here', object: ordinary },
    });
    for (const type of ['large', 'gone'] as const)
      expect(parseField(formatField({ type }))).toEqual({ type });
    expect(parseAbout(formatAbout(ABOUT))).toEqual(ABOUT);
    expect(parsePlace(formatPlace(PLACE))).toEqual(PLACE);
    expect(parseMessage(formatMessage(PLACE))).toEqual({ type: 'beat', ...PLACE });
    expect(parseMessage(formatMessage(PLACE, { about: formatAbout(ABOUT) }))).toEqual({
      ...{ type: 'about', ...PLACE, about: ABOUT },
    });
    const list = { type: 'here' as const, object: LIST };
    const change = { path: '/live/demo/index.m3u8', list: formatField(list) };
    expect(parseMessage(formatMessage(PLACE, change))).toEqual({
      ...{ type: 'list', ...PLACE, path: change.path, list },
    });
  });

  it('anything else is read as nothing, and never throws', () => {
    const whole = formatMessage(PLACE, {
      path: '/live/demo/index.m3u8',
      list: formatField({ type: 'here', object: LIST }),
    });
    for (let length = 0; length < whole.length; length++) {
      const read = parseMessage(whole.slice(0, length));
      expect(read === undefined || read.type === 'beat').toBe(true);
    }
    for (let seed = 0; seed < 200; seed++) {
      const text = Buffer.from(seededBytes(seed, 60)).toString('latin1');
      expect(parseMessage(text)).toBeUndefined();
      expect(parseField(text)).toBeUndefined();
      expect(parseAbout(text)).toBeUndefined();
      expect(parsePlace(text)).toBeUndefined();
    }
    for (const bad of ['{}', '[]', 'null', '{"text":1}', '{"status":{"state":"odd"}}']) {
      expect(parseField(bad)).toBeUndefined();
      expect(parseAbout(bad)).toBeUndefined();
    }
    const reach = JSON.stringify({ ...LIST, text: '', awaited: { reach: { lastParts: -1 } } });
    expect(parseField(reach)).toBeUndefined();
  });
});

describe('what others served', () => {
  it('ORG-35 is counted once, also by a Redis that was emptied, and not for segments that are forgotten', () => {
    const counted: [string, number, number][] = [];
    const delivery = [1, 2].map((msn) => ({
      ...{ rendition: 'source', epoch: 9, msn, size: 10, durationMs: 1, readyAt: 0 },
      ...{ servedBytes: 0, requests: 0 },
    }));
    const totals = new ServedTotals({
      delivery: () => delivery,
      served: (_channel, { msn }, { bytes, requests }) =>
        counted.push([String(msn), bytes, requests]),
    });
    const take = (fields: Record<string, string>): string[] => totals.take(channelId(), fields);
    expect(take({ 'source/9-1 bytes': '10', 'source/9-1 requests': '1' })).toEqual([]);
    expect(take({ 'source/9-1 bytes': '30', 'source/9-1 requests': '3' })).toEqual([]);
    expect(take({ 'source/9-1 bytes': '30', 'source/9-1 requests': '3' })).toEqual([]);
    // Emptied: what is there is new.
    expect(take({ 'source/9-1 bytes': '5', 'source/9-1 requests': '1' })).toEqual([]);
    expect(counted).toEqual([
      ['1', 10, 1],
      ['1', 20, 2],
      ['1', 5, 1],
    ]);
    expect(take({ 'source/9-0 bytes': '5', odd: 'x', 'source/9-2 bytes': '-4' })).toEqual([
      ...['source/9-0 bytes', 'odd'],
    ]);
    expect(take({})).toEqual([]);
    expect(counted).toHaveLength(3);
  });
});
