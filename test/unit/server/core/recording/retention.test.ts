import { describe, expect, it } from 'vitest';
import { ORIGIN_LIMITS, RecordingRestore, type RecordingOptions } from '@shoal/server/core';
import { count, EPOCH, RecordingBench, T0 } from './recording-bench.ts';

/** A segment of two pieces, the last short of 1,000 bytes, and its digests. */
const SEGMENT_BYTES = 2 * 16_384 - 1_000 + 2 * 32;

/** A bench with broadcasts of one segment that are closed and written, one every 2 s. */
function broadcasts(n: number, options: Partial<RecordingOptions>): RecordingBench {
  const bench = new RecordingBench(options);
  for (let i = 0; i < n; i++) {
    bench.store({ epoch: bench.clock.now / 1000, first: true, discontinuity: i });
    bench.step({ type: 'closes' });
    bench.published();
  }
  return bench;
}

function purged(bench: RecordingBench): readonly number[] {
  return bench.effects('purge').map(({ summary }) => summary.broadcast);
}

describe('retention', () => {
  it('ORG-16 by age: the oldest first, one after the other, and not before its time', () => {
    const bench = broadcasts(2, { keepMs: 3_600_000 });
    expect(purged(bench)).toEqual([]);
    expect(bench.recording.deadline()).toBe(T0 + 2_000 + 3_600_000);
    bench.clock.advanceTo(T0 + 3_700_000);
    bench.step({ type: 'tick' });
    expect(purged(bench)).toEqual([EPOCH]);
    expect(JSON.parse(bench.effects('purge')[0]?.index ?? '')).toMatchObject({
      recordings: [{ broadcast: EPOCH + 2 }],
    });
    bench.step({ type: 'purged', broadcast: EPOCH, ok: true });
    expect(purged(bench)).toEqual([EPOCH, EPOCH + 2]);
  });

  it('ORG-16 by size, of which the broadcast that runs counts too but is never deleted', () => {
    const bench = broadcasts(3, { keepBytes: 2 * SEGMENT_BYTES });
    expect(purged(bench)).toEqual([EPOCH]);
    bench.step({ type: 'purged', broadcast: EPOCH, ok: true });
    for (let i = 0; i < 4; i++) {
      bench.store({ epoch: EPOCH + 100, first: i === 0 });
      const last = purged(bench).at(-1) ?? 0;
      bench.step({ type: 'purged', broadcast: last, ok: true });
    }
    expect(purged(bench)).toEqual([EPOCH, EPOCH + 2, EPOCH + 4]);
    expect(bench.recording.list()).toMatchObject([{ broadcast: EPOCH + 100, segments: 4 }]);
  });

  it('ORG-16 is tried again when the store does not delete, and nothing of it is listed meanwhile', () => {
    const bench = broadcasts(1, { keepMs: 0 });
    expect(purged(bench)).toEqual([EPOCH]);
    expect(bench.dvr).toBe('');
    bench.step({ type: 'purged', broadcast: EPOCH, ok: false });
    expect(bench.recording.list()).toEqual([]);
    expect(bench.recording.deadline()).toBe(bench.clock.now + ORIGIN_LIMITS.recordingRetryMs);
    bench.clock.advance(ORIGIN_LIMITS.recordingRetryMs);
    bench.step({ type: 'tick' });
    expect(purged(bench)).toEqual([EPOCH, EPOCH]);
  });

  it('ORG-16 no more recordings are kept than may be', () => {
    const bench = broadcasts(ORIGIN_LIMITS.recordings + 1, {});
    expect(purged(bench)).toEqual([EPOCH]);
    expect(bench.recording.list()).toHaveLength(ORIGIN_LIMITS.recordings);
  });

  it('ORG-16 where nothing but the DVR window is kept, what left it goes, but not what others need', () => {
    const bench = new RecordingBench({ vod: false, keepMs: 120_000 });
    for (let i = 0; i < 125; i++) {
      bench.store();
      bench.published();
    }
    const [purge] = bench.effects('purge');
    expect(purge).toMatchObject({ summary: { broadcast: EPOCH, segments: 30, vod: false } });
    expect(purge?.index).toBeUndefined();
    expect(purge?.sharedEpochs).toContain(EPOCH);
    expect(bench.recording.list()).toMatchObject([{ state: 'running' }]);
    expect(count(bench.dvr, '#EXTINF')).toBe(30);
  });

  it('ORG-16 ORG-17 a deletion that had begun goes on after a restart', () => {
    const before = broadcasts(1, {});
    const [publish] = before.effects('publish');
    if (publish === undefined) throw new Error('nothing was published');
    const restored = new RecordingRestore({ open: false, nextMsn: 1 }, { dvrMs: 60_000 });
    restored.summary({ ...publish.summary, deleting: true });
    expect(purged(new RecordingBench({}, restored))).toEqual([EPOCH]);
  });
});
