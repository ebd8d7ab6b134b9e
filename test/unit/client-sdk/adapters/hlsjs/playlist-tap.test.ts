import {
  segmentTag,
  swarmTag,
  toBase64Url,
  unwrap,
  parseChannelId,
  parseRenditionId,
} from '@shoal/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPlaylist } from '../../../../../client-sdk/src/adapters/hlsjs/playlist-tap.ts';

const channel = unwrap(parseChannelId('demo'));
const rendition = unwrap(parseRenditionId('source'));
const BASE = 'https://cdn.example/live/demo/source/index.m3u8?token=1';

function playlist(...uris: readonly string[]): string {
  const segments = uris.flatMap((uri, i) => [
    segmentTag({
      id: { rendition, epoch: 1_700_000_000, msn: 40 + i },
      size: 1_000,
      durationMs: 2_000,
      root: toBase64Url(new Uint8Array(32)),
    }),
    '#EXTINF:2.0,',
    uri,
  ]);
  return ['#EXTM3U', '#EXT-X-MEDIA-SEQUENCE:40', swarmTag(channel, rendition), ...segments].join(
    '\n',
  );
}

describe('reading a playlist', () => {
  it('SEG-9 resolves segments against where the playlist was served from', () => {
    const input = readPlaylist(
      playlist('a.m4s', '/b.m4s?x=1', 'https://other.example/c.m4s'),
      BASE,
    );
    expect(input?.urls).toEqual([
      'https://cdn.example/live/demo/source/a.m4s',
      'https://cdn.example/b.m4s?x=1',
      'https://other.example/c.m4s',
    ]);
    expect(input?.swarm.segments.map(({ info }) => info.id.msn)).toEqual([40, 41, 42]);
  });

  it('SEG-9 leaves out a segment whose URI is none, and keeps the others in step', () => {
    const input = readPlaylist(playlist('a.m4s', 'http://[', 'c.m4s'), BASE);
    expect(input?.urls).toHaveLength(2);
    expect(input?.swarm.segments.map(({ info }) => info.id.msn)).toEqual([40, 42]);
  });

  it('SEG-8 reads nothing from a playlist without tags', () => {
    expect(readPlaylist('#EXTM3U\n#EXTINF:2,\na.m4s', BASE)).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.webUrl(), (text, base) => {
        readPlaylist(text, base);
        readPlaylist(playlist(text), base);
      }),
    );
  });
});
