import { readSwarmTags } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { FLV_HEADER, FRESH_STATE, ORIGIN_LIMITS } from '@shoal/server/core';
import { channelId, renditionId } from '../../../../support/builders.ts';
import { makeSigner, signedBy } from '../../../../support/signing.ts';
import { flvTag } from '../flv-tags.ts';
import { Bench, T0 } from './channel-bench.ts';
import { initSection, mediaFixture } from '../fmp4/media-fixtures.ts';

describe('a channel', () => {
  it('EVT-1 a segment can be fetched, then is announced, then saved, then listed', () => {
    const bench = new Bench();
    bench.publish(1);
    const { epoch } = bench;
    bench.log.length = 0;
    bench.encode(epoch, 2_000);
    expect(bench.log.map(({ type }) => type)).toEqual([
      ...['store', 'store', 'store', 'event', 'segment', 'save', 'playlist', 'playlist'],
    ]);
    expect(bench.effects('store').map(({ path }) => path)).toEqual([
      '/live/demo/source/1700000000-init.mp4',
      '/live/demo/source/1700000000-0.m4s',
      '/live/demo/source/1700000000-0.digests',
    ]);
    expect(bench.playlist).toContain('1700000000-0.m4s');
  });

  it('SEG-15 EVT-1 a segment is signed with the key of its moment, in the event and in the playlist, in all renditions', () => {
    const [first, second] = [makeSigner(), makeSigner()];
    let signer = first;
    const bench = new Bench(FRESH_STATE, { sign: (statement) => signer.sign(statement) });
    bench.publish(1);
    bench.encode(bench.epoch, 2_000);
    signer = second;
    bench.encode(bench.epoch, 2_000);
    const keys = [first.publicKey, second.publicKey];
    const listed = readSwarmTags(bench.playlist ?? '')?.segments.map(({ info }) => info) ?? [];
    const announced = bench
      .effects('event')
      .flatMap(({ event }) => (event.type === 'segment.ready' ? [event.segment] : []));
    expect(listed).toEqual(announced);
    expect(listed.map((info) => signedBy(keys, channelId(), info))).toEqual(
      keys.map((key) => [key]),
    );
    expect(listed.map((info) => signedBy(keys, channelId('other'), info))).toEqual([[], []]);
    expect(bench.effects('segment').flatMap(({ made }) => made.segment.infos)).toEqual(listed);
    expect(bench.channel.numbers).toEqual({ nextMsn: 2, oldestMsn: 0 });
  });

  it('EVT-2 says when it is online, interrupted and offline', () => {
    const bench = new Bench();
    bench.publish(1);
    bench.step({ type: 'unpublish', session: 1, reason: 'gone' });
    bench.clock.advance(30_000);
    bench.step({ type: 'tick' });
    expect(bench.events()).toEqual(['stream.online', 'stream.interrupted', 'stream.offline']);
    expect(bench.channel.status()).toMatchObject({ state: 'ended', reason: 'gone' });
  });

  it('ORG-4 ORG-5 a week of broken broadcasts leaves a flawless playlist', () => {
    const bench = new Bench();
    for (let session = 1; session <= 12; session++) {
      bench.publish(session);
      bench.encode(bench.epoch, 2_000, 2_000, 700);
      if (session % 3 === 0)
        bench.step({ type: 'encoder-exit', epoch: bench.epoch, detail: 'died' });
      bench.step({ type: 'unpublish', session, reason: 'gone' });
      bench.step({ type: 'encoder-exit', epoch: bench.epoch, detail: 'end of input' });
      bench.clock.advance(session % 4 === 0 ? 40_000 : 3_000);
      bench.step({ type: 'tick' });
    }
    expect(bench.linter.problems).toEqual([]);
    expect(bench.linter.segments.length).toBe(36);
    const playlistPaths = 2;
    expect(bench.stored.size).toBeLessThanOrEqual(playlistPaths + 11 * 3);
  });

  it('ORG-5 what was saved before a segment is listed continues its numbers after a restart', () => {
    const bench = new Bench();
    bench.publish(1);
    bench.encode(bench.epoch, 2_000, 2_000);
    const saved = bench.effects('save').at(-1)?.state;
    expect(saved).toEqual({
      nextMsn: 2,
      discontinuity: 0,
      lastEpoch: 1_700_000_000,
      targetDuration: 2,
      rungs: [],
      open: true,
    });
    const again = new Bench(saved);
    expect(again.channel.status().state).toBe('interrupted');
    again.publish(1);
    expect(again.epoch).toBe(1_700_000_001);
    again.encode(again.epoch, 2_000);
    expect(again.playlist).toContain('#EXT-X-MEDIA-SEQUENCE:2\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n');
  });

  it('ORG-9 a new encoder is fed the headers and the group of pictures that the old one lost', () => {
    const bench = new Bench();
    bench.publish(1);
    bench.encode(bench.epoch, 2_000);
    const key = flvTag.key(2_000);
    bench.step({ type: 'tag', session: 1, tag: key });
    bench.step({ type: 'encoder-exit', epoch: bench.epoch, detail: 'killed' });
    expect(bench.channel.status().reason).toMatch(/killed/);
    bench.clock.advance(100);
    bench.step({ type: 'tick' });
    const preamble = bench.effects('start-encoder').at(-1)?.preamble;
    expect(preamble?.slice(1)).toEqual([flvTag.videoHeader(), key]);
    bench.encode(bench.epoch, 2_000);
    expect(bench.channel.status().reason).toBeUndefined();
    expect(bench.linter.problems).toEqual([]);
    const [first, second] = bench.linter.segments;
    expect((second?.programDateTime ?? 0) - (first?.programDateTime ?? 0)).toBe(2_000);
  });

  it('ORG-8 the tail of a replaced publisher is listed before its successor, or not at all', () => {
    const bench = new Bench();
    bench.publish(1);
    const first = bench.epoch;
    bench.encode(first, 2_000, -1_000);
    bench.publish(2);
    expect(bench.effects('drop-publisher')).toEqual([
      { type: 'drop-publisher', session: 1, reason: 'replaced' },
    ]);
    bench.step({ type: 'encoder-exit', epoch: first, detail: 'end of input' });
    expect(bench.linter.segments).toHaveLength(2);
    bench.encode(bench.epoch, 2_000);
    const second = bench.epoch;
    bench.publish(3);
    bench.encode(bench.epoch, 2_000);
    bench.encode(second, 2_000);
    expect(bench.linter.segments.map(({ epoch }) => epoch - first)).not.toContain(NaN);
    expect(bench.linter.segments.map(({ msn }) => msn)).toEqual([0, 1, 2, 3]);
    expect(bench.linter.problems).toEqual([]);
  });

  it('tags of a session that does not hold the channel reach no encoder', () => {
    const bench = new Bench();
    bench.publish(1);
    bench.publish(2);
    bench.log.length = 0;
    expect(bench.step({ type: 'tag', session: 1, tag: flvTag.key(0) })).toEqual([]);
    expect(bench.step({ type: 'unpublish', session: 1, reason: 'late' })).toEqual([]);
    expect(bench.channel.status().state).toBe('starting');
  });

  it('a codec that cannot be copied drops the publisher and says why', () => {
    const bench = new Bench();
    bench.step({ type: 'publish', session: 1 });
    bench.step({ type: 'tag', session: 1, tag: flvTag.hevc() });
    expect(bench.effects('drop-publisher')).toHaveLength(1);
    expect(bench.effects('start-encoder')).toHaveLength(0);
    expect(bench.channel.status()).toMatchObject({
      state: 'interrupted',
      reason: 'the header of the HEVC picture cannot be read',
    });
  });

  it('ORG-5 a jump in the timestamps costs an epoch, not the target duration', () => {
    const bench = new Bench();
    bench.publish(1);
    bench.encode(bench.epoch, 2_000, 9_000);
    expect(bench.effects('kill-encoder')).toHaveLength(1);
    expect(bench.channel.status().reason).toMatch(/jump in the timestamps/);
    bench.clock.advance(100);
    bench.step({ type: 'tick' });
    expect(bench.effects('start-encoder').at(-1)?.preamble).toHaveLength(2);
    bench.step({ type: 'tag', session: 1, tag: flvTag.key(0) });
    bench.encode(bench.epoch, 2_000);
    expect(bench.linter.segments.map(({ msn }) => msn)).toEqual([0, 1]);
    expect(bench.linter.problems).toEqual([]);
  });

  it('encoder output that is no MP4 costs the encoder', () => {
    const bench = new Bench();
    bench.publish(1);
    const bytes = Buffer.alloc(64, 'garbage');
    bench.step({ type: 'encoded', epoch: bench.epoch, bytes });
    expect(bench.effects('kill-encoder')).toHaveLength(1);
    expect(bench.step({ type: 'encoded', epoch: bench.epoch, bytes })).toEqual([]);
  });

  it('encoders that write out what they hold are limited', () => {
    const bench = new Bench();
    for (let session = 1; session <= 20; session++) bench.publish(session);
    expect(bench.effects('start-encoder')).toHaveLength(20);
    expect(bench.effects('kill-encoder')).toHaveLength(16);
  });

  it('what was served is counted per segment', () => {
    const bench = new Bench();
    bench.publish(1);
    bench.encode(bench.epoch, 2_000);
    const id = { rendition: renditionId(), epoch: bench.epoch, msn: 0 };
    bench.channel.served(id, 1_000);
    bench.channel.served({ ...id, msn: 9 }, 1_000);
    expect(bench.channel.delivery()).toMatchObject([
      { msn: 0, durationMs: 2_000, readyAt: T0 + 2_000, servedBytes: 1_000, requests: 1 },
    ]);
  });

  it('starts no encoder before it is known what there is to encode', () => {
    const bench = new Bench();
    bench.step({ type: 'publish', session: 1 });
    expect(bench.effects('start-encoder')).toHaveLength(0);
    for (const tag of [flvTag.audioHeader(), flvTag.audio(0)])
      bench.step({ type: 'tag', session: 1, tag });
    expect(bench.effects('start-encoder')).toHaveLength(0);
    bench.clock.advance(1_000);
    bench.step({ type: 'tag', session: 1, tag: flvTag.audio(1_000) });
    // It begins with all that was heard.
    const preamble = [FLV_HEADER, flvTag.audioHeader(), flvTag.audio(0), flvTag.audio(1_000)];
    expect(bench.effects('start-encoder')).toMatchObject([{ what: { rungs: [] }, preamble }]);
    expect(bench.effects('feed-encoder')).toHaveLength(0);
    bench.step({ type: 'tag', session: 1, tag: flvTag.audio(1_023) });
    expect(bench.effects('feed-encoder')).toMatchObject([{ tag: flvTag.audio(1_023) }]);
    const gone = new Bench();
    gone.step({ type: 'publish', session: 1 });
    gone.step({ type: 'unpublish', session: 1, reason: 'gone' });
    gone.publish(2);
    expect(gone.effects('start-encoder')).toHaveLength(1);
    expect(gone.effects('finish-encoder')).toHaveLength(0);
  });

  it('ORG-11 a publisher that changes its picture goes on in a new epoch', () => {
    const bench = new Bench();
    bench.publish(1);
    const before = bench.epoch;
    bench.encode(before, 2_000, 2_000);
    bench.step({ type: 'tag', session: 1, tag: flvTag.videoHeader(77) });
    expect(bench.effects('finish-encoder')).toMatchObject([{ epoch: before }]);
    expect(bench.epoch).toBeGreaterThan(before);
    bench.step({ type: 'tag', session: 1, tag: flvTag.key(4_000) });
    bench.encode(bench.epoch, 2_000);
    expect(bench.playlist?.match(/EXT-X-DISCONTINUITY\n/g)).toHaveLength(1);
    expect(bench.linter.problems).toEqual([]);
    expect(bench.channel.status()).toMatchObject({ state: 'live' });
  });

  it('a publisher that changes its picture all the time is told why it is dropped', () => {
    const bench = new Bench();
    bench.publish(1);
    for (let i = 0; i <= ORIGIN_LIMITS.renewals; i++)
      bench.step({ type: 'tag', session: 1, tag: flvTag.videoHeader(i) });
    expect(bench.effects('drop-publisher')).toHaveLength(1);
    expect(bench.effects('start-encoder')).toHaveLength(1 + ORIGIN_LIMITS.renewals);
    expect(bench.channel.status().reason).toBe('picture or sound change too often');
  });

  describe('with a ladder', () => {
    const rung = (name: string, lines: number) => ({ name: renditionId(name), lines, kbps: 500 });
    const ladder = [rung('1080p', 1080), rung('480p', 480), rung('360p', 360)];
    const publish = (bench: Bench, header = flvTag.largeHeader()): void => {
      bench.step({ type: 'publish', session: 1 });
      for (const tag of [header, flvTag.key(0)]) bench.step({ type: 'tag', session: 1, tag });
    };
    const asked = (bench: Bench): readonly string[] =>
      bench
        .effects('start-encoder')
        .at(-1)
        ?.what.rungs.map(({ name }) => name) ?? [];

    it('ORG-10 asks for the rungs that the source has lines for, and stores every rendition', () => {
      const bench = new Bench(FRESH_STATE, { ladder, segmentMs: 1_000 });
      publish(bench);
      expect(asked(bench)).toEqual(['480p', '360p']);
      const { epoch } = bench;
      bench.step({ type: 'encoded', epoch, bytes: mediaFixture('ladder') });
      bench.step({ type: 'encoder-exit', epoch, detail: 'end of input' });
      const first = bench.effects('store').filter(({ path }) => path.endsWith('-0.m4s'));
      expect(first.map(({ path }) => path)).toEqual(
        ['source', '480p', '360p'].map((name) => `/live/demo/${name}/${epoch}-0.m4s`),
      );
      expect(bench.events().filter((type) => type === 'segment.ready')).toHaveLength(12);
      const renditions = bench.channel
        .status()
        .renditions.map(({ rendition, width }) => [...[rendition, width]]);
      expect(renditions).toEqual([
        ['source', 96],
        ['480p', 64],
        ['360p', 42],
      ]);
      expect(bench.stored.get('/live/demo/480p/index.m3u8')).toContain(`${epoch}-2.m4s`);
    });

    it('ORG-10 keeps the renditions of a broadcast, over restarts too, and chooses anew for the next', () => {
      const bench = new Bench(FRESH_STATE, { ladder });
      publish(bench);
      const state = bench.effects('save').at(-1)?.state;
      expect(state?.rungs).toEqual(['480p', '360p']);
      const again = new Bench(state, { ladder });
      publish(again);
      expect(asked(again)).toEqual(['480p', '360p']);
      again.step({ type: 'unpublish', session: 1, reason: 'gone' });
      for (const ms of [30_000, 300_000]) {
        again.clock.advance(ms);
        again.step({ type: 'tick' });
      }
      publish(again, flvTag.videoHeader());
      expect(asked(again)).toEqual([]);
    });

    it('an old broadcast leaves no playlist of a rendition behind', () => {
      const bench = new Bench(FRESH_STATE, { ladder, segmentMs: 1_000 });
      publish(bench);
      bench.step({ type: 'encoded', epoch: bench.epoch, bytes: mediaFixture('ladder') });
      bench.step({ type: 'unpublish', session: 1, reason: 'gone' });
      for (const ms of [30_000, 300_000]) {
        bench.clock.advance(ms);
        bench.step({ type: 'tick' });
      }
      expect(bench.stored.get('/live/demo/480p/index.m3u8')).toContain('#EXT-X-ENDLIST');
      bench.publish(2);
      const playlists = [...bench.stored.keys()].filter((path) => path.endsWith('.m3u8'));
      expect(playlists).toEqual([]);
    });
  });

  describe('whose media must be transcoded', () => {
    const publish = (bench: Bench, ...tags: readonly Uint8Array[]): void => {
      bench.step({ type: 'publish', session: 1 });
      for (const tag of tags) bench.step({ type: 'tag', session: 1, tag });
    };
    const asked = (bench: Bench) => bench.effects('start-encoder').at(-1)?.what;

    it('ORG-27 has HEVC made H.264, or passed with H.264 of as many lines beside it', () => {
      const ladder = [{ name: renditionId('same'), lines: 90, kbps: 200 }];
      const made = new Bench(FRESH_STATE, { ladder });
      publish(made, flvTag.hevcHeader(), flvTag.hevcKey(0));
      const size = { width: 160, height: 90 };
      expect(asked(made)).toMatchObject({
        ...{ rungs: [], source: size },
        transcode: { input: 'mp4', top: { size, keyFrameMs: 2_000 }, sound: false },
      });
      const passed = new Bench(FRESH_STATE, { ladder, passthrough: new Set(['HEVC']) });
      publish(passed, flvTag.hevcHeader(), flvTag.hevcKey(0));
      expect(asked(passed)).toMatchObject({
        ...{ rungs: ladder, source: size },
        transcode: { input: 'mp4', copied: 'HEVC' },
      });
      const alone = new Bench(FRESH_STATE, {
        ...{ ladder, passthrough: new Set(['HEVC'] as const), canDecode: () => false },
      });
      publish(alone, flvTag.hevcHeader(), flvTag.hevcKey(0));
      expect(asked(alone)).toEqual({ fragmentMs: 2_200, rungs: [] });
    });

    it('ORG-29 is refused where this ffmpeg cannot decode them', () => {
      const bench = new Bench(FRESH_STATE, { canDecode: (codec) => codec !== 'HEVC' });
      publish(bench, flvTag.hevcHeader(), flvTag.hevcKey(0));
      expect(bench.effects('drop-publisher')).toHaveLength(1);
      expect(bench.channel.status().reason).toMatch(/HEVC, which this ffmpeg cannot decode/);
    });

    it('ORG-29 is ended when encoder after encoder gives nothing of them', () => {
      const bench = new Bench();
      publish(bench, flvTag.hevcHeader(), flvTag.hevcKey(0));
      for (let i = 0; i < ORIGIN_LIMITS.transcodeFailures; i++) {
        expect(bench.effects('drop-publisher')).toHaveLength(0);
        bench.step({ type: 'encoder-exit', epoch: bench.epoch, detail: 'Invalid data' });
        bench.clock.advance(10_000);
        bench.step({ type: 'tick' });
      }
      expect(bench.effects('drop-publisher')).toMatchObject([
        { reason: 'HEVC cannot be transcoded: Invalid data' },
      ]);
      expect(bench.effects('start-encoder')).toHaveLength(ORIGIN_LIMITS.transcodeFailures);
    });

    it('ORG-29 a first encoder that knew nothing of the sound leaves no segment behind', () => {
      const bench = new Bench();
      publish(bench, flvTag.largeHeader(), flvTag.key(0));
      const { epoch } = bench;
      bench.step({ type: 'tag', session: 1, tag: flvTag.mp3(20) });
      expect(bench.epoch).toBeGreaterThan(epoch);
      expect(asked(bench)).toMatchObject({ transcode: { copied: 'H.264', sound: true } });
      bench.step({ type: 'encoded', epoch, bytes: initSection('v') });
      bench.step({ type: 'encoder-exit', epoch, detail: 'end of input' });
      expect(bench.effects('store')).toEqual([]);
    });

    it('ORG-30 keeps the sound apart over a restart, and only where there is sound and picture', () => {
      const bench = new Bench(FRESH_STATE, { audioRendition: true });
      publish(bench, flvTag.largeHeader(), flvTag.audioHeader(), flvTag.key(0));
      expect(asked(bench)).toEqual({ fragmentMs: 2_200, rungs: [], eachFrame: true });
      const state = bench.effects('save').at(-1)?.state;
      expect(state?.rungs).toEqual(['audio']);
      const again = new Bench(state, {});
      publish(again, flvTag.largeHeader(), flvTag.audioHeader(), flvTag.key(0));
      expect(asked(again)).toMatchObject({ eachFrame: true });
    });
  });
});
