import { readSwarmTags } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import {
  digestsPath,
  formatRecord,
  initPath,
  type MadeSegment,
  ORIGIN_LIMITS,
  parseRecord,
  segmentPath,
  VodBuilder,
} from '@shoal/server/core';
import { channelId, renditionId } from '../../../../support/builders.ts';
import { makeSigner, signedBy } from '../../../../support/signing.ts';
import { count, EPOCH, RecordingBench, T0 } from './recording-bench.ts';

const SOURCE = renditionId('source');

function pathsOf({ segment }: MadeSegment): readonly string[] {
  const channel = channelId();
  return segment.infos.flatMap(({ id }) => [segmentPath(channel, id), digestsPath(channel, id)]);
}

describe('what is recorded', () => {
  it('ORG-13 a segment is journaled, then stored, then listed: all of it or not at all', () => {
    const bench = new RecordingBench();
    const made = bench.make({ renditions: [SOURCE, renditionId('low')] });
    expect(bench.log.map(({ type }) => type).slice(0, 4)).toEqual([
      ...['append', 'append', 'append', 'write'],
    ]);
    const stored: string[] = [];
    while (bench.writes.length > 0) {
      expect(bench.recording.dvr(SOURCE)).toBeUndefined();
      const [{ path } = { path: '' }] = bench.writes.splice(0, 1);
      stored.push(path);
      bench.step({ type: 'written', path, outcome: 'stored' });
    }
    const inits = made.segment.infos.map(({ id }) => initPath(channelId(), id));
    expect(stored).toEqual([...inits, ...pathsOf(made)]);
    expect(count(bench.dvr, '#EXTINF')).toBe(1);
    expect(bench.recording.dvr(renditionId('low'))).toContain('RENDITION="low"');
    expect(bench.recording.dvr()).toContain('\nlow/dvr.m3u8\n');
  });

  it('SEG-15 what was signed is listed with its signature, also in what is made from the journal', () => {
    const { sign, publicKey } = makeSigner();
    const bench = new RecordingBench();
    const vod = new VodBuilder(channelId());
    for (let i = 0; i < 3; i++) bench.store({ sign });
    for (const { record } of bench.effects('append')) {
      const read = parseRecord(formatRecord(record).trimEnd());
      if (read.ok) vod.record(read.value);
    }
    const texts = [
      bench.recording.dvr(SOURCE) ?? '',
      ...[...vod.playlists()].map(({ text }) => text),
    ];
    const lists = texts.flatMap((text) => readSwarmTags(text) ?? []);
    expect(lists).toHaveLength(2);
    for (const { segments } of lists)
      expect(segments.map(({ info }) => signedBy([publicKey], channelId(), info))).toEqual(
        Array.from({ length: 3 }, () => [publicKey]),
      );
  });

  it('ORG-22 says what is the oldest number that is listed, in the DVR playlist or a VOD', () => {
    const bench = new RecordingBench({ dvrMs: 6_000 });
    expect(bench.recording.oldestMsn).toBeUndefined();
    for (let i = 0; i < 5; i++) bench.store();
    expect(bench.recording.oldestMsn).toBe(0);
    bench.step({ type: 'closes' });
    bench.published();
    expect(bench.recording.oldestMsn).toBe(0);
    bench.step({ type: 'begins' });
    for (let i = 0; i < 5; i++) bench.store();
    expect(bench.recording.oldestMsn).toBe(0);
  });

  it('ORG-22 where there is the DVR playlist alone, numbers that left it are not listed once they are deleted', () => {
    const options = { dvrMs: 60_000, vod: false, keepMs: 120_000 };
    const bench = new RecordingBench(options);
    for (let i = 0; i < 200; i++) {
      bench.store();
      bench.published();
      for (const { summary } of bench.effects('purge').slice(-1))
        bench.step({ type: 'purged', broadcast: summary.broadcast, ok: true });
      bench.step({ type: 'tick' });
    }
    const listed = readSwarmTags(bench.recording.dvr(SOURCE) ?? '')?.segments[0]?.info.id.msn ?? 0;
    expect(listed).toBeGreaterThan(100);
    expect(bench.recording.oldestMsn).toBeGreaterThan(50);
    expect(bench.recording.oldestMsn).toBeLessThanOrEqual(listed);
  });

  it('ORG-13 is written in order, some files at a time', () => {
    const bench = new RecordingBench();
    const renditions = ['a', 'b', 'c', 'd'].map((name) => renditionId(name));
    const [first, second] = [bench.make({ renditions }), bench.make({ renditions })];
    while (bench.writes.length > 0) {
      expect(bench.writes.length).toBeLessThanOrEqual(ORIGIN_LIMITS.recordingWrites);
      bench.answer('stored', 1);
    }
    const inits = first.inits.map(({ path }) => path);
    expect(bench.effects('write').map(({ path }) => path)).toEqual([
      ...[...inits, ...pathsOf(first), ...pathsOf(second)],
    ]);
  });

  it('ORG-14 a segment that cannot be stored is a gap, said once, and those after it are stored', () => {
    const bench = new RecordingBench();
    const first = bench.make();
    bench.fail();
    expect(bench.recording.dvr(SOURCE)).toBeUndefined();
    bench.make();
    bench.fail();
    bench.store();
    expect(bench.dvr).toContain('#EXT-X-VERSION:8\n');
    expect(count(bench.dvr, '#EXT-X-GAP\n')).toBe(2);
    expect(count(bench.dvr, '#EXT-X-SHOAL-SEGMENT')).toBe(1);
    // Nothing names what is not there, and the initialisation section came with the segment that made it.
    expect(bench.dvr.indexOf('#EXT-X-MAP')).toBeGreaterThan(bench.dvr.lastIndexOf('#EXT-X-GAP'));
    const [init] = first.inits;
    const tries = bench.effects('write').filter(({ path }) => path === init?.path);
    expect(tries).toHaveLength(2 * ORIGIN_LIMITS.recordingAttempts + 1);
    expect(bench.effects('note').map(({ message }) => message)).toEqual([
      'segment 0 is missing: the store fails',
      'recording goes on; 2 segments are missing',
    ]);
    expect(bench.recording.list()).toMatchObject([{ state: 'running', segments: 3, gaps: 2 }]);
  });

  it('ORG-14 a write is tried again with pauses that double, and no more often than it may be', () => {
    const bench = new RecordingBench();
    bench.make();
    const pauses: number[] = [];
    const [{ path } = { path: '' }] = bench.writes;
    while (bench.writes.length > 0) {
      bench.answer('failed', 1);
      const due = bench.recording.deadline();
      if (due === undefined) break;
      pauses.push(due - bench.clock.now);
      bench.clock.advanceTo(due - 1);
      bench.step({ type: 'tick' });
      expect(bench.writes).toEqual([]);
      bench.clock.advanceTo(due);
      bench.step({ type: 'tick' });
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000]);
    const tries = bench.effects('write').filter((write) => write.path === path);
    expect(tries).toHaveLength(ORIGIN_LIMITS.recordingAttempts);
  });

  it('ORG-14 what does not fit in the queue is a gap, listed in its place', () => {
    const bench = new RecordingBench();
    const pieces = 512;
    // Each piece has its digest.
    const fit = Math.floor(ORIGIN_LIMITS.recordingQueueBytes / (pieces * (16_384 + 32)));
    for (let i = 0; i < fit + 2; i++) bench.make({ pieces });
    expect(bench.recording.list()).toMatchObject([{ segments: fit + 2, gaps: 2 }]);
    expect(bench.dvr).toBe('');
    bench.answer('stored', 1_000);
    expect(count(bench.dvr, '#EXT-X-SHOAL-SEGMENT')).toBe(fit);
    expect(bench.dvr.indexOf('#EXT-X-GAP')).toBeGreaterThan(
      bench.dvr.lastIndexOf('#EXT-X-SHOAL-SEGMENT'),
    );
    bench.store();
    expect(bench.recording.list()).toMatchObject([{ segments: fit + 3, gaps: 2 }]);
  });

  it('ORG-14 what the journal does not take is not stored, and it is begun anew when it works', () => {
    const bench = new RecordingBench();
    bench.journalWorks = false;
    bench.make();
    expect(bench.writes).toEqual([]);
    bench.journalWorks = true;
    bench.make();
    const records = bench.effects('append').map(({ record }) => record.type);
    expect(records).toEqual([
      ...['begin', 'renditions', 'segment'],
      ...['begin', 'renditions', 'segment'],
    ]);
    bench.answer('stored');
    expect(count(bench.dvr, '#EXT-X-GAP')).toBe(1);
  });
});

describe('the DVR playlist', () => {
  it('ORG-13 reaches as far back as it should, and its numbers are those of the channel', () => {
    const bench = new RecordingBench();
    for (let i = 0; i < 50; i++) bench.store();
    expect(count(bench.dvr, '#EXTINF')).toBe(30);
    expect(bench.dvr).toContain('#EXT-X-MEDIA-SEQUENCE:20\n');
    expect(bench.dvr).not.toContain('ENDLIST');
    expect(bench.dvr).not.toContain('PLAYLIST-TYPE');
  });

  it('ORG-13 lists no more than it may, however long it should be', () => {
    const bench = new RecordingBench({ dvrMs: Infinity });
    for (let i = 0; i < ORIGIN_LIMITS.dvrSegments + 5; i++) bench.store({ pieces: 1 });
    expect(count(bench.dvr, '#EXTINF')).toBe(ORIGIN_LIMITS.dvrSegments);
  });

  it('is made when it is asked for, and once', () => {
    const bench = new RecordingBench();
    bench.store();
    const before = bench.dvr;
    bench.make();
    expect(bench.dvr).toBe(before);
    bench.answer('stored');
    expect(bench.dvr).not.toBe(before);
  });

  it('ends with the broadcast, and lists nothing of it when another one begins', () => {
    const bench = new RecordingBench();
    bench.store();
    bench.step({ type: 'ends' });
    expect(bench.dvr).not.toContain('ENDLIST');
    bench.step({ type: 'closes' });
    expect(bench.dvr).toMatch(/#EXT-X-ENDLIST\n$/);
    bench.step({ type: 'begins' });
    expect(bench.dvr).toBe('');
  });
});

describe('a broadcast that is over', () => {
  it('ORG-15 has its playlists written at its end, again if it went on, and for good when closed', () => {
    const bench = new RecordingBench();
    bench.make();
    bench.step({ type: 'ends' });
    expect(bench.effects('publish')).toEqual([]);
    bench.answer('stored');
    expect(bench.effects('publish')).toMatchObject([
      { final: false, summary: { broadcast: EPOCH, segments: 1, vod: true } },
    ]);
    bench.published();
    const playlist = `/live/demo/${EPOCH}-vod.m3u8`;
    expect(bench.recording.list()).toMatchObject([{ state: 'ended', playlist }]);
    bench.store({ epoch: EPOCH + 60, first: true, discontinuity: 1 });
    expect(bench.recording.list()).toMatchObject([{ state: 'running', playlist }]);
    bench.step({ type: 'ends' });
    bench.published();
    bench.step({ type: 'closes' });
    const [, second, last] = bench.effects('publish');
    expect(second).toMatchObject({ final: false, summary: { segments: 2 } });
    expect(last).toMatchObject({ final: true, summary: { segments: 2, lastEpoch: EPOCH + 60 } });
    expect(JSON.parse(last?.index ?? '')).toMatchObject({ recordings: [{ playlist }] });
    bench.published();
    expect(bench.recording.list()).toMatchObject([{ state: 'closed', playlist, gaps: 0 }]);
  });

  it('ORG-15 names its playlists when they are there, and is not taken for finished before', () => {
    const bench = new RecordingBench();
    bench.store();
    bench.step({ type: 'ends' });
    expect(bench.effects('publish')).toHaveLength(1);
    expect(bench.recording.list()[0]?.playlist).toBeUndefined();
    bench.step({ type: 'closes' });
    bench.published();
    expect(bench.effects('publish').map(({ final }) => final)).toEqual([false, true]);
    expect(bench.recording.list()[0]?.playlist).toBeUndefined();
    bench.published();
    expect(bench.recording.list()).toMatchObject([
      { state: 'closed', playlist: `/live/demo/${EPOCH}-vod.m3u8` },
    ]);
    expect(bench.effects('publish')).toHaveLength(2);
  });

  it('ORG-15 is tried again when its playlists cannot be written', () => {
    const bench = new RecordingBench();
    bench.store();
    bench.step({ type: 'closes' });
    bench.step({ type: 'published', broadcast: EPOCH, ok: false });
    expect(bench.effects('publish')).toHaveLength(1);
    expect(bench.recording.deadline()).toBe(bench.clock.now + ORIGIN_LIMITS.recordingRetryMs);
    bench.clock.advance(ORIGIN_LIMITS.recordingRetryMs);
    bench.step({ type: 'tick' });
    expect(bench.effects('publish')).toHaveLength(2);
  });

  it('ORG-15 one of which nothing was stored has no playlists', () => {
    const bench = new RecordingBench();
    bench.make();
    bench.fail();
    bench.step({ type: 'ends' });
    expect(bench.effects('publish')).toEqual([]);
    bench.step({ type: 'closes' });
    expect(bench.effects('publish')).toMatchObject([{ final: true, summary: { vod: false } }]);
  });

  it('ORG-15 one that is too long goes on in another recording, and the DVR playlist runs on', () => {
    const bench = new RecordingBench();
    for (let i = 0; i <= ORIGIN_LIMITS.recordingSegments; i++) bench.store({ pieces: 1 });
    const [first] = bench.effects('publish');
    expect(first).toMatchObject({ final: true, summary: { broadcast: EPOCH } });
    const begun = EPOCH + ORIGIN_LIMITS.recordingSegments * 2;
    expect(bench.recording.list()).toMatchObject([
      { broadcast: EPOCH, segments: ORIGIN_LIMITS.recordingSegments },
      { broadcast: begun, continues: EPOCH, segments: 1, state: 'running' },
    ]);
    expect(count(bench.dvr, '#EXTINF')).toBe(30);
    expect(count(bench.dvr, '#EXT-X-DISCONTINUITY\n')).toBe(0);
  });

  it('ORG-15 no more wait than may; the others are finished at the next start, nothing deleted till then', () => {
    const bench = new RecordingBench({ keepMs: 0 });
    for (let i = 0; i < ORIGIN_LIMITS.recordingsUnfinished + 3; i++) {
      bench.store({ epoch: EPOCH + i * 10, first: true });
      bench.step({ type: 'closes' });
    }
    expect(bench.recording.list()).toHaveLength(ORIGIN_LIMITS.recordingsUnfinished);
    bench.published();
    bench.published();
    expect(bench.effects('purge')).toEqual([]);
  });
});

describe('after a restart', () => {
  it('ORG-17 a broadcast that may go on does, and what was not known to be stored is looked up', () => {
    const before = new RecordingBench();
    before.store();
    before.make();
    const bench = new RecordingBench({}, before.restore({ open: true, nextMsn: 2 }));
    expect(bench.dvr).toBe(before.dvr);
    expect(bench.writes).toMatchObject([
      { path: `/live/demo/source/${EPOCH}-init.mp4`, bytes: undefined },
      { path: `/live/demo/source/${EPOCH}-1.m4s`, bytes: undefined, size: 31_768 },
      { path: `/live/demo/source/${EPOCH}-1.digests`, bytes: undefined },
    ]);
    const gaps = (): readonly unknown[] => bench.recording.newest(6).segments.map(({ gap }) => gap);
    expect(gaps()).toEqual([undefined, true]);
    bench.answer('stored');
    expect(gaps()).toEqual([undefined, undefined]);
    expect(count(bench.dvr, '#EXT-X-SHOAL-SEGMENT')).toBe(2);
    expect(bench.recording.list()).toMatchObject([{ broadcast: EPOCH, segments: 2, gaps: 0 }]);
  });

  it('ORG-17 what is not there is a gap, at once', () => {
    const before = new RecordingBench();
    before.store();
    before.make();
    const bench = new RecordingBench({}, before.restore({ open: true, nextMsn: 2 }));
    bench.answer('missing');
    expect(count(bench.dvr, '#EXT-X-GAP')).toBe(1);
    expect(bench.effects('append').map(({ record }) => record.type)).toEqual(['gap']);
  });

  it('ORG-17 a number that the channel did not come to use is given again', () => {
    const before = new RecordingBench();
    before.store();
    before.make();
    const bench = new RecordingBench({}, before.restore({ open: true, nextMsn: 1 }));
    bench.answer('missing');
    expect(count(bench.dvr, '#EXTINF')).toBe(1);
    bench.store({ epoch: EPOCH + 60, msn: 1, first: true, discontinuity: 1 });
    expect(bench.dvr).toContain(`\n${EPOCH + 60}-1.m4s\n`);
    expect(count(bench.dvr, '#EXTINF')).toBe(2);
  });

  it('ORG-15 ORG-17 one that may not go on is closed at once', () => {
    const before = new RecordingBench();
    before.store();
    const bench = new RecordingBench({}, before.restore({ open: false, nextMsn: 1 }));
    expect(bench.effects('append').map(({ record }) => record.type)).toEqual(['closed']);
    expect(bench.effects('publish')).toMatchObject([
      { final: true, summary: { broadcast: EPOCH, segments: 1 } },
    ]);
    expect(bench.recording.dvr(SOURCE)).toBeUndefined();
  });

  it('ORG-17 numbers of which nothing is known are gaps, so that each segment keeps its own', () => {
    const bench = new RecordingBench();
    bench.store();
    bench.clock.advance(6_000);
    bench.store({ msn: 4 });
    expect(count(bench.dvr, '#EXT-X-GAP')).toBe(3);
    expect(bench.dvr).toContain(`#EXT-X-GAP\n${EPOCH}-3.m4s\n`);
    expect(bench.dvr).toContain(new Date(T0 + 8_000).toISOString());
  });
});
