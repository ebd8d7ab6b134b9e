import { describe, expect, it } from 'vitest';
import { RenditionBook } from '../../../../../client-sdk/src/adapters/hlsjs/rendition-book.ts';
import { renditionId } from '../../../../support/builders.ts';

const ELSEWHERE = 'https://cdn.example/x/y.m3u8?token=1';

describe('the renditions of playlists', () => {
  it('SEG-8 are those that the playlists name, and those of paths that the origin would use', () => {
    const book = new RenditionBook();
    book.note(ELSEWHERE, renditionId('720p'));
    expect(book.renditionOf(ELSEWHERE)).toBe('720p');
    expect(book.renditionOf('https://cdn.example/live/demo/1080p/index.m3u8?t=2')).toBe('1080p');
    for (const other of [
      'https://cdn.example/x/z.m3u8',
      '/live/demo/1080p/index.m3u8',
      '',
      'data:',
    ])
      expect(book.renditionOf(other)).toBeUndefined();
    book.note('https://cdn.example/live/demo/1080p/index.m3u8', renditionId('best'));
    expect(book.renditionOf('https://cdn.example/live/demo/1080p/index.m3u8')).toBe('best');
  });

  it('SWM-20 make tracks of what the player loads; one that is not shared is none', () => {
    const book = new RenditionBook();
    book.note(ELSEWHERE, renditionId('720p'));
    const main = { url: ELSEWHERE, next: 3, bufferedMs: 5 };
    const audio = { url: 'https://cdn.example/audio.m3u8', next: 4, bufferedMs: 6 };
    expect(book.playback({ main, audio, playing: true })).toEqual({
      type: 'playback',
      main: { rendition: '720p', next: 3, bufferedMs: 5 },
      audio: undefined,
      playing: true,
    });
  });

  it('are forgotten beyond 64, those not loaded for longest first', () => {
    const book = new RenditionBook();
    const url = (i: number): string => `https://cdn.example/${i}.m3u8`;
    for (let i = 0; i < 64; i++) book.note(url(i), renditionId(`r${i}`));
    book.note(url(0), renditionId('r0'));
    book.note(url(64), renditionId('r64'));
    expect(book.renditionOf(url(0))).toBe('r0');
    expect(book.renditionOf(url(1))).toBeUndefined();
    expect(book.renditionOf(url(64))).toBe('r64');
  });
});
