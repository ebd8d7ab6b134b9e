import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseRenditionId, unwrap } from '@shoal/protocol';
import { findFfmpeg } from '@shoal/server';
import {
  initPath,
  type JournalRecord,
  ORIGIN_LIMITS,
  type Product,
  productPath,
  type RenditionKind,
  segmentPath,
  type SegmentStore,
  VodMediaReader,
} from '@shoal/server/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type JobWork } from '../../../server/src/adapters/jobs/job-work.ts';
import { makeMp4 } from '../../../server/src/adapters/jobs/make-mp4.ts';
import { makeStoryboard } from '../../../server/src/adapters/jobs/make-storyboard.ts';
import { VodSource } from '../../../server/src/adapters/jobs/vod-source.ts';
import { openStore } from '../../../server/src/adapters/storage/open-store.ts';
import { runFfmpeg } from '../../support/lint/media-tools.ts';
import { examine, spritesOf } from './jobs-scene.ts';
import { contentOf } from './store-faults.ts';
import { DEMO } from './test-origin.ts';

const SOURCE = unwrap(parseRenditionId('source'));
const SOUND = unwrap(parseRenditionId('audio'));
const ROOT = 'A'.repeat(43);
const BROADCAST = 1_700_000_000;

let temp = '';
let store: SegmentStore;

beforeEach(async () => {
  temp = mkdtempSync(join(tmpdir(), 'shoal-media-'));
  store = await openStore({ type: 'memory', maxBytes: 100_000_000 });
});

afterEach(() => {
  rmSync(temp, { recursive: true, force: true });
});

/** A broadcast in a store, and its journal; each epoch is what one encoder made, in segments of 1 s. */
class MadeBroadcast {
  readonly records: JournalRecord[] = [
    { type: 'begin', channel: DEMO, broadcast: BROADCAST, targetDuration: 1 },
  ];
  #epoch = BROADCAST;
  #msn = 0;

  /** `gaps`: segments of it that are missing, counted from 0. `args`: what ffmpeg is to do differently. */
  async epoch(
    seconds: number,
    choices: {
      readonly gaps?: readonly number[];
      readonly args?: readonly string[];
      readonly size?: string;
      /** Its sound is a rendition of its own, beside a picture or alone. */
      readonly apart?: 'beside' | 'alone';
    } = {},
  ): Promise<void> {
    const { gaps = [], args = [], size = '160x90', apart } = choices;
    const alone = ['-vn', '-frag_duration', '1000000'];
    const sound = apart && (await fragments(seconds, size, alone));
    const made =
      apart === 'alone' && sound !== undefined
        ? sound
        : await fragments(seconds, size, apart === undefined ? args : [...args, '-an']);
    const epoch = this.#epoch;
    this.#epoch += 100;
    const [width = 0, height = 0] = size.split('x').map(Number);
    const kind: RenditionKind = { rendition: SOURCE, codecs: 'avc1', width, height };
    const renditions = [kind, ...(sound ? [{ rendition: SOUND, codecs: 'mp4a.40.2' }] : [])];
    this.records.push({ type: 'renditions', renditions });
    await store.put(initPath(DEMO, { rendition: SOURCE, epoch }), made.init);
    if (sound) await store.put(initPath(DEMO, { rendition: SOUND, epoch }), sound.init);
    for (const [i, bytes] of made.segments.entries()) {
      const msn = this.#msn;
      this.#msn += 1;
      const id = { rendition: SOURCE, epoch, msn };
      const heard = sound?.segments[i];
      const soundId = { ...id, rendition: SOUND };
      const infos = [
        { id, size: bytes.length, durationMs: 1_000, root: ROOT },
        ...(heard ? [{ id: soundId, size: heard.length, durationMs: 1_000, root: ROOT }] : []),
      ];
      const place = { epoch, msn, programDateTimeMs: (epoch + i) * 1000, discontinuity: 0 };
      this.records.push({ type: 'segment', segment: { ...place, infos, independent: true } });
      const missing = gaps.includes(i);
      this.records.push({ type: missing ? 'gap' : 'stored', epoch, msn });
      if (!missing) await store.put(segmentPath(DEMO, id), bytes);
      if (!missing && heard) await store.put(segmentPath(DEMO, soundId), heard);
    }
  }

  async work(ffmpegPath?: string): Promise<JobWork> {
    const reader = new VodMediaReader();
    for (const record of this.records) reader.record(record);
    const media = reader.media() ?? expect.unreachable();
    const { path } = await findFfmpeg();
    const nothing = (): void => undefined;
    return {
      ...{ channel: DEMO, broadcast: BROADCAST, media, store, temp },
      source: new VodSource({ channel: DEMO, store, media, onRead: nothing }),
      ffmpegPath: ffmpegPath ?? path,
      signal: new AbortController().signal,
      ...{ onProgress: nothing, onAlive: nothing },
    };
  }
}

const HEVC = ['-c:v', 'libx265', '-preset', 'ultrafast', '-tag:v', 'hvc1', '-x265-params'];

/** Checksums of the sprites of a storyboard of 160×90. */
async function spritesMadeOf(work: JobWork): Promise<readonly string[]> {
  const products = await makeStoryboard(work);
  const sheet = await contentOf(store, pathOf(products.find(({ kind }) => kind === 'sprites')));
  return spritesOf(sheet ?? expect.unreachable(), { width: 160, height: 90 });
}

/** A test picture and a tone as fragments that begin with key frames, one a second. */
async function fragments(
  seconds: number,
  size: string,
  args: readonly string[],
): Promise<{ readonly init: Buffer; readonly segments: readonly Buffer[] }> {
  const { out } = await runFfmpeg(new Uint8Array(0), [
    ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=30:duration=${seconds}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=44100:duration=${seconds}`],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-g', '30', '-sc_threshold', '0', '-c:a', 'aac'],
    ...[...args, '-movflags', 'frag_keyframe+empty_moov+default_base_moof', '-f', 'mp4', '-'],
  ]);
  const file = Buffer.from(out);
  const segments: Buffer[] = [];
  let init = Buffer.alloc(0);
  for (let at = 0; at < file.length;) {
    const box = file.subarray(at, at + file.readUInt32BE(at));
    const type = box.toString('latin1', 4, 8);
    at += box.length;
    if (type === 'moof') segments.push(box);
    else if (type === 'mdat')
      segments.push(Buffer.concat([segments.pop() ?? expect.unreachable(), box]));
    else if (type === 'ftyp' || type === 'moov') init = Buffer.concat([init, box]);
  }
  return { init, segments };
}

function pathOf(product: Product | undefined): string {
  return productPath(DEMO, BROADCAST, product ?? expect.unreachable());
}

async function mp4Of(product: Product | undefined): ReturnType<typeof examine> {
  const bytes = (await contentOf(store, pathOf(product))) ?? expect.unreachable();
  expect(bytes.length).toBe(product?.size);
  return examine(bytes);
}

describe('the media of jobs', () => {
  it('ORG-24 frames out of order, and an end of sound that is longer than the picture, join without a fault', async () => {
    const broadcast = new MadeBroadcast();
    const args = ['-bf', '3'];
    await broadcast.epoch(3, { args });
    await broadcast.epoch(4, { args });
    await broadcast.epoch(2, { args });
    const products = await makeMp4(await broadcast.work());
    expect(products).toMatchObject([{ kind: 'mp4', number: 1, beginMs: 0, durationMs: 9_000 }]);
    const mp4 = await mp4Of(products[0]);
    expect(mp4).toMatchObject({ frames: 270, said: '', tracks: ['h264 160x90', 'aac'] });
    expect(Math.abs(mp4.duration - 9)).toBeLessThan(0.25);
    expect(mp4.boxes.indexOf('moov')).toBeLessThan(mp4.boxes.indexOf('mdat'));
    expect(readdirSync(temp)).toEqual([]);
  });

  it('ORG-24 what is missing stays missing: the picture stands, and what comes after comes at its time', async () => {
    const broadcast = new MadeBroadcast();
    await broadcast.epoch(6, { gaps: [2, 3] });
    await broadcast.epoch(4, { gaps: [0] });
    const products = await makeMp4(await broadcast.work());
    expect(products).toMatchObject([{ beginMs: 0, durationMs: 10_000 }]);
    const mp4 = await mp4Of(products[0]);
    expect(mp4).toMatchObject({ frames: 210, said: '' });
    expect(Math.abs(mp4.duration - 10)).toBeLessThan(0.25);
  });

  it('ORG-24 gaps at the beginning and end are left out', async () => {
    const broadcast = new MadeBroadcast();
    await broadcast.epoch(5, { gaps: [0, 4] });
    const products = await makeMp4(await broadcast.work());
    expect(products).toMatchObject([{ beginMs: 1_000, durationMs: 3_000 }]);
    const mp4 = await mp4Of(products[0]);
    expect(mp4.frames).toBe(90);
    expect(Math.abs(mp4.duration - 3)).toBeLessThan(0.25);
  });

  it('ORG-24 another codec configuration is another file, and a third that is as the first is a third one', async () => {
    const broadcast = new MadeBroadcast();
    await broadcast.epoch(2);
    await broadcast.epoch(2, { args: ['-profile:v', 'baseline'] });
    await broadcast.epoch(2);
    await broadcast.epoch(2, { args: ['-an'] });
    const products = await makeMp4(await broadcast.work());
    expect(products.map(({ number, beginMs }) => [number, beginMs])).toEqual([
      ...[
        [1, 0],
        [2, 2_000],
        [3, 4_000],
        [4, 6_000],
      ],
    ]);
    for (const product of products)
      expect(await mp4Of(product)).toMatchObject({ frames: 60, said: '' });
    expect((await mp4Of(products[3])).tracks).toEqual(['h264 160x90']);
  });

  it('ORG-24 more changes of the picture than there may be files are a reason to give up', async () => {
    const broadcast = new MadeBroadcast();
    await broadcast.epoch(1);
    await broadcast.epoch(1, { args: ['-an'] });
    const work = await broadcast.work();
    const [one, other] = work.media.segments;
    if (one === undefined || other === undefined) return expect.unreachable();
    const segments = Array.from({ length: ORIGIN_LIMITS.mp4Files + 1 }, (_, i) =>
      i % 2 === 0 ? one : other,
    );
    await expect(makeMp4({ ...work, media: { ...work.media, segments } })).rejects.toThrow(
      'picture or sound changed 64 times',
    );
  });

  it('ORG-24 ORG-30 sound apart is in the MP4 over epochs and what is missing; without a picture it is another', async () => {
    const broadcast = new MadeBroadcast();
    const args = ['-bf', '2'];
    await broadcast.epoch(5, { apart: 'beside', args, gaps: [2] });
    await broadcast.epoch(3, { apart: 'beside', args, gaps: [0] });
    await broadcast.epoch(3, { apart: 'beside', args });
    await broadcast.epoch(3, { apart: 'alone' });
    const products = await makeMp4(await broadcast.work());
    expect(products).toMatchObject([
      { beginMs: 0, durationMs: 11_000 },
      { beginMs: 11_000, durationMs: 3_000 },
    ]);
    const both = await mp4Of(products[0]);
    expect(both).toMatchObject({ frames: 270, said: '', tracks: ['h264 160x90', 'aac'] });
    expect(Math.abs(both.duration - 11)).toBeLessThan(0.25);
    const alone = await mp4Of(products[1]);
    expect(alone).toMatchObject({ said: '', tracks: ['aac'] });
    expect(Math.abs(alone.duration - 3)).toBeLessThan(0.1);
  });

  it.each([
    ['HEVC', 'hevc', [...HEVC, 'keyint=30:min-keyint=30:scenecut=0:open-gop=0:log-level=error']],
    ['AV1', 'av1', ['-c:v', 'libsvtav1', '-preset', '12', '-svtav1-params', 'pred-struct=1']],
  ])('ORG-24 ORG-25 %s that was passed is copied over epochs, and shown', async (...of) => {
    const [, codec, args] = of;
    const broadcast = new MadeBroadcast();
    await broadcast.epoch(4, { args });
    await broadcast.epoch(3, { args });
    const work = await broadcast.work();
    const [product, ...others] = await makeMp4(work);
    expect(others).toEqual([]);
    const mp4 = await mp4Of(product);
    expect(mp4).toMatchObject({ frames: 210, said: '', tracks: [`${codec} 160x90`, 'aac'] });
    expect(Math.abs(mp4.duration - 7)).toBeLessThan(0.25);
    const bytes = (await contentOf(store, pathOf(product))) ?? expect.unreachable();
    // Players of Apple's want this name for HEVC.
    if (codec === 'hevc') expect(bytes.includes('hvc1')).toBe(true);
    expect(bytes.includes('hev1')).toBe(false);
    expect(await spritesMadeOf(work)).toHaveLength(4);
  });

  it('ORG-25 key frames of open groups are shown in their order, however far apart they are', async () => {
    const broadcast = new MadeBroadcast();
    // Pictures of a storyboard are then more than half of what the order counts to (256) apart.
    const open = 'keyint=75:min-keyint=75:scenecut=0:open-gop=1:bframes=3:log-level=error';
    await broadcast.epoch(12, { args: ['-r', '75', ...HEVC, open] });
    const sprites = await spritesMadeOf(await broadcast.work());
    expect(new Set(sprites).size).toBe(6);
  });

  it('ORG-23 what the store has already is not made again', async () => {
    const broadcast = new MadeBroadcast();
    await broadcast.epoch(3);
    const made = [
      await makeMp4(await broadcast.work()),
      await makeStoryboard(await broadcast.work()),
    ];
    const again = await broadcast.work('/no/ffmpeg');
    expect([await makeMp4(again), await makeStoryboard(again)]).toEqual(made);
    // Of a storyboard that was interrupted the rest is made.
    const index = made[1]?.at(-1);
    const text = await contentOf(store, pathOf(index));
    await store.delete(pathOf(index));
    expect(await makeStoryboard(await broadcast.work())).toEqual(made[1]);
    expect((await contentOf(store, pathOf(index)))?.equals(text ?? Buffer.alloc(0))).toBe(true);
  });

  it('ORG-23 a segment that is gone, an ffmpeg that is not there, and giving up are told, and leave nothing', async () => {
    const broadcast = new MadeBroadcast();
    await broadcast.epoch(3);
    await expect(makeMp4(await broadcast.work('/no/ffmpeg'))).rejects.toThrow(
      /ffmpeg cannot be started/,
    );
    await expect(makeStoryboard(await broadcast.work('/bin/false'))).rejects.toThrow(
      'ffmpeg failed (1)',
    );
    const aborted = { ...(await broadcast.work()), signal: AbortSignal.abort() };
    await expect(makeMp4(aborted)).rejects.toThrow();
    await store.delete(segmentPath(DEMO, { rendition: SOURCE, epoch: BROADCAST, msn: 1 }));
    await expect(makeMp4(await broadcast.work())).rejects.toThrow(/-1.m4s is not in the store/);
    expect(readdirSync(temp)).toEqual([]);
    expect(
      await store.open(pathOf({ kind: 'mp4', number: 1, size: 0, beginMs: 0, durationMs: 0 })),
    ).toBe(undefined);
  });
});
