import { expect, it } from 'vitest';
import { NotSharedMeter } from '../../../client-sdk/src/not-shared.ts';

it('counts segments and bytes by reason, and says nothing of what did not occur', () => {
  const meter = new NotSharedMeter();
  expect(meter.read()).toEqual({});
  meter.add('no-digests', 100);
  meter.add('no-digests', 50);
  meter.add('init', 7);
  expect(meter.read()).toEqual({
    'no-digests': { segments: 2, bytes: 150 },
    init: { segments: 1, bytes: 7 },
  });
});

it('knows 64 playlists that list no digests, until they do', () => {
  const meter = new NotSharedMeter();
  for (let i = 0; i < 65; i++) meter.playlist(`${i}.m3u8`, false);
  expect(meter.listsDigests('0.m3u8')).toBe(true);
  expect(meter.listsDigests('64.m3u8')).toBe(false);
  meter.playlist('64.m3u8', true);
  expect(meter.listsDigests('64.m3u8')).toBe(true);
});
