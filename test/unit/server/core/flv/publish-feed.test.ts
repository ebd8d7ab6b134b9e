import { describe, expect, it } from 'vitest';
import { FLV_HEADER, ORIGIN_LIMITS, PublishFeed } from '@shoal/server/core';
import { flvTag } from '../flv-tags.ts';

describe('what a new encoder is fed', () => {
  it('begins with the headers, then everything since the last key frame', () => {
    const feed = new PublishFeed();
    const [videoHeader, audioHeader] = [flvTag.videoHeader(), flvTag.audioHeader()];
    const [key, sound, frame] = [flvTag.key(2000), flvTag.audio(2010), flvTag.frame(2033)];
    const early = [videoHeader, audioHeader, flvTag.key(0), flvTag.frame(33)];
    for (const tag of early) feed.accept(tag, 100);
    for (const tag of [key, sound, frame]) feed.accept(tag, 2100);
    expect(feed.preamble()).toEqual({
      tags: [FLV_HEADER, videoHeader, audioHeader, key, sound, frame],
      mediaAt: 2100,
    });
    expect(feed.startedAt).toBe(100);
  });

  it('metadata and broken tags are not fed', () => {
    const feed = new PublishFeed();
    expect(feed.accept(flvTag.script(), 0)).toEqual({ type: 'skip' });
    expect(feed.accept(new Uint8Array(3), 0)).toEqual({ type: 'skip' });
    expect(feed.startedAt).toBeUndefined();
  });

  it('ORG-28 a header that cannot be read is refused by the name of its codec', () => {
    const feed = new PublishFeed();
    expect(feed.accept(flvTag.hevc(), 0)).toEqual({
      type: 'refuse',
      reason: 'the header of the HEVC picture cannot be read',
    });
  });

  it('a group of pictures larger than the limit is not kept', () => {
    const feed = new PublishFeed();
    feed.accept(flvTag.key(0), 0);
    const large = flvTag.frame(33, 4 * 1024 * 1024);
    for (let i = 0; i <= ORIGIN_LIMITS.gopBytes / large.length + 1; i++) feed.accept(large, i);
    expect(feed.preamble()).toEqual({ tags: [FLV_HEADER], mediaAt: undefined });
    feed.accept(flvTag.key(5000), 9);
    expect(feed.preamble().tags).toHaveLength(2);
  });

  it('after a group was forgotten the next key frame begins a new one', () => {
    const feed = new PublishFeed();
    feed.accept(flvTag.key(0), 0);
    feed.forgetGroup();
    feed.accept(flvTag.frame(33), 33);
    expect(feed.preamble()).toEqual({ tags: [FLV_HEADER], mediaAt: undefined });
    feed.accept(flvTag.key(66), 66);
    expect(feed.preamble().mediaAt).toBe(66);
  });

  it('ORG-11 tells a change of picture or sound from the same said again', () => {
    const feed = new PublishFeed();
    const accept = (tag: Uint8Array, now: number): string => feed.accept(tag, now).type;
    expect(accept(flvTag.videoHeader(66), 0)).toBe('feed');
    expect(accept(flvTag.audioHeader(), 0)).toBe('feed');
    accept(flvTag.key(0), 0);
    expect(accept(flvTag.videoHeader(66), 900)).toBe('skip');
    expect(accept(flvTag.videoHeader(77), 1_000)).toBe('renew');
    expect(feed.preamble()).toEqual({
      tags: [FLV_HEADER, flvTag.videoHeader(77), flvTag.audioHeader()],
      mediaAt: undefined,
    });
    expect(accept(flvTag.audioHeader(17), 1_000)).toBe('renew');
  });

  it('ORG-11 sound that begins with the picture is no change, sound that begins later is one', () => {
    for (const [at, verdict] of [
      [200, 'feed'],
      [3_000, 'renew'],
    ] as const) {
      const feed = new PublishFeed();
      feed.accept(flvTag.videoHeader(), 0);
      feed.accept(flvTag.key(0), 0);
      expect(feed.accept(flvTag.audioHeader(), at).type).toBe(verdict);
    }
  });

  it('knows what there is to encode by the header of the picture, or after a second of sound alone', () => {
    const seen = new PublishFeed();
    expect(seen.known(60_000)).toBe(false);
    seen.accept(flvTag.audioHeader(), 0);
    seen.accept(flvTag.largeHeader(), 0);
    expect(seen.known(0)).toBe(true);
    expect(seen.picture).toEqual({ width: 1280, height: 720 });
    const heard = new PublishFeed();
    heard.accept(flvTag.audioHeader(), 0);
    heard.accept(flvTag.audio(0), 100);
    expect([heard.known(1_099), heard.known(1_100)]).toEqual([false, true]);
    expect(heard.picture).toBeUndefined();
  });

  it('ORG-29 knows sound alone by its own time too, and begins an encoder with all of it, once', () => {
    const feed = new PublishFeed();
    feed.accept(flvTag.audioHeader(), 0);
    const heard = [0, 500, 999].map((at) => flvTag.audio(at));
    for (const tag of heard) feed.accept(tag, 7);
    expect(feed.known(7)).toBe(false);
    const last = flvTag.audio(1_000);
    feed.accept(last, 7);
    expect(feed.known(7)).toBe(true);
    const tags = [FLV_HEADER, flvTag.audioHeader(), ...heard, last];
    expect(feed.preamble()).toEqual({ tags, mediaAt: 7 });
    feed.accept(flvTag.audio(1_023), 8);
    // Another encoder goes on from here.
    expect(feed.preamble()).toEqual({ tags: tags.slice(0, 2), mediaAt: undefined });
  });

  it('ORG-29 forgets sound that came before a picture was known', () => {
    const feed = new PublishFeed();
    for (const tag of [flvTag.audioHeader(), flvTag.audio(0)]) feed.accept(tag, 0);
    feed.accept(flvTag.videoHeader(), 5);
    feed.accept(flvTag.key(40), 5);
    const tags = [FLV_HEADER, flvTag.videoHeader(), flvTag.audioHeader(), flvTag.key(40)];
    expect(feed.preamble().tags).toEqual(tags);
  });

  it('ORG-27 ORG-29 tells the codecs of what is sent', () => {
    const feed = new PublishFeed();
    feed.accept(flvTag.hevcHeader(), 0);
    feed.accept(flvTag.hevcKey(0), 0);
    const size = { width: 160, height: 90 };
    expect(feed.media).toEqual({ video: 'HEVC', picture: size });
    const older = new PublishFeed();
    expect(older.accept(flvTag.legacy(0, false), 0)).toEqual({ type: 'skip' });
    older.accept(flvTag.legacy(0), 0);
    older.accept(flvTag.mp3(0), 0);
    expect(older.media).toEqual({ video: 'H.263', picture: size, audio: 'MP3' });
    expect(older.preamble().tags).toHaveLength(3);
  });

  it('ORG-29 sound that is not AAC, and comes when the encoder has begun, has it begun again', () => {
    const feed = new PublishFeed();
    const accept = (tag: Uint8Array, now: number): string => feed.accept(tag, now).type;
    accept(flvTag.largeHeader(), 0);
    accept(flvTag.key(0), 0);
    expect(accept(flvTag.mp3(20), 20)).toBe('restart');
    expect(accept(flvTag.mp3(40), 40)).toBe('feed');
    // What came meanwhile is not lost.
    expect(feed.preamble().tags).toHaveLength(5);
    const later = new PublishFeed();
    later.accept(flvTag.largeHeader(), 0);
    later.accept(flvTag.key(0), 0);
    expect(later.accept(flvTag.mp3(2_000), 2_000).type).toBe('renew');
  });

  it('ORG-11 a change of codec is one of picture or sound', () => {
    const feed = new PublishFeed();
    const accept = (tag: Uint8Array, now: number): string => feed.accept(tag, now).type;
    accept(flvTag.largeHeader(), 0);
    accept(flvTag.audioHeader(), 0);
    accept(flvTag.key(0), 0);
    expect(accept(flvTag.hevcHeader(), 1_000)).toBe('renew');
    expect(accept(flvTag.key(1_000), 1_000)).toBe('skip');
    expect(accept(flvTag.hevcKey(1_000), 1_000)).toBe('feed');
    expect(accept(flvTag.mp3(1_020), 1_020)).toBe('renew');
    expect(feed.media).toMatchObject({ video: 'HEVC', audio: 'MP3' });
    expect(accept(flvTag.legacy(1_040), 1_040)).toBe('renew');
    expect(accept(flvTag.largeHeader(), 1_060)).toBe('renew');
    expect(accept(flvTag.audioHeader(), 1_080)).toBe('renew');
  });

  it('ORG-30 waits a while for the sound where what is made depends on it', () => {
    const feed = new PublishFeed({ waitsForSound: true });
    feed.accept(flvTag.largeHeader(), 0);
    expect(feed.known(0)).toBe(false);
    feed.accept(flvTag.key(0), 0);
    expect([feed.known(499), feed.known(500)]).toEqual([false, true]);
    feed.accept(flvTag.audioHeader(), 100);
    expect(feed.known(100)).toBe(true);
    // By its own time too, which may pass faster.
    const fast = new PublishFeed({ waitsForSound: true });
    for (const tag of [flvTag.largeHeader(), flvTag.key(0), flvTag.frame(499)]) fast.accept(tag, 0);
    expect(fast.known(0)).toBe(false);
    fast.accept(flvTag.frame(500), 0);
    expect(fast.known(0)).toBe(true);
    expect(fast.preamble().tags).toHaveLength(5);
  });
});
