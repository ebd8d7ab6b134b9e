import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../../client-sdk/src/adapters/crypto/sha256.ts';
import { PlainListing } from '../../../../client-sdk/src/adapters/playlist/plain-listing.ts';
import { channelId } from '../../../support/builders.ts';

const MEDIA = ['#EXTM3U', '#EXT-X-TARGETDURATION:2', '#EXTINF:2,', 'a.ts', ''].join('\n');
const MULTI = [
  ...['#EXTM3U', '#EXT-X-STREAM-INF:BANDWIDTH=1', 'low.m3u8?t=1'],
  ...['#EXT-X-STREAM-INF:BANDWIDTH=2', 'v.m3u8?q=2', '#EXT-X-STREAM-INF:BANDWIDTH=3', 'v.m3u8?q=3'],
].join('\n');
const ROOT = 'https://origin.example/live/';

function read(media: string, text = MEDIA, from = `${ROOT}index.m3u8`) {
  const listing = new PlainListing({ channel: undefined, sha256 });
  listing.begin({ text: MULTI, requested: from, served: from });
  return listing.read({ text, requested: media, served: media });
}

describe('the names of what has none', () => {
  it('SEG-11 viewers with other tokens, and at another place of a CDN, name all alike', () => {
    const one = read(`${ROOT}low.m3u8?t=1`, MEDIA, `${ROOT}index.m3u8?token=ann`);
    const other = read(`${ROOT}low.m3u8?t=2&_HLS_msn=4`, MEDIA, `${ROOT}index.m3u8?token=bob`);
    const moved = read('https://cdn.example/live/low.m3u8');
    expect(other).toEqual(one);
    expect(moved).toMatchObject({ channel: one?.channel, rendition: one?.rendition });
    expect(moved?.segments[0]?.id).toEqual(one?.segments[0]?.id);
    expect(one?.segments[0]?.url).toBe(`${ROOT}a.ts`);
  });

  it('SEG-11 another presentation is another channel, another media playlist another rendition', () => {
    const low = read(`${ROOT}low.m3u8`);
    expect(read(`${ROOT}low.m3u8`, MEDIA, `${ROOT}b/index.m3u8`)?.channel).not.toBe(low?.channel);
    expect(read(`${ROOT}high.m3u8`)?.rendition).not.toBe(low?.rendition);
  });

  it('SEG-11 media playlists that only their queries tell apart are two renditions', () => {
    const [two, three] = [read(`${ROOT}v.m3u8?q=2`), read(`${ROOT}v.m3u8?q=3`)];
    expect(two?.rendition).not.toBe(three?.rendition);
    expect(read(`${ROOT}v.m3u8?q=2&_HLS_msn=7`)?.rendition).toBe(two?.rendition);
  });

  it('SEG-11 the site may name the channel', () => {
    const listing = new PlainListing({ channel: channelId('mine'), sha256 });
    const url = `${ROOT}low.m3u8`;
    expect(listing.read({ text: MEDIA, requested: url, served: url })?.channel).toBe('mine');
  });

  it('SEG-12 another file, range or length under the same number is another segment', () => {
    const epochs = [
      ...['a.ts', 'b.ts', '#EXT-X-BYTERANGE:10@0\na.ts', '#EXT-X-BYTERANGE:10@1\na.ts'],
    ].map((uri) => read(`${ROOT}low.m3u8`, MEDIA.replace('a.ts', uri))?.segments[0]?.id.epoch);
    const longer = read(`${ROOT}low.m3u8`, MEDIA.replace(':2,', ':1.96,'))?.segments[0]?.id.epoch;
    expect(new Set([...epochs, longer]).size).toBe(5);
    const signed = MEDIA.replace('a.ts', 'https://edge7.example/live/a.ts?sig=1');
    const again = MEDIA.replace('a.ts', 'https://edge8.example/live/a.ts?sig=2');
    const of = (text: string) => read(`${ROOT}low.m3u8`, text)?.segments[0]?.id.epoch;
    expect(of(again)).toBe(of(signed));
  });

  it('SEG-10 lists nothing that is not fetched over HTTP', () => {
    expect(read(`${ROOT}low.m3u8`, MEDIA.replace('a.ts', 'data:video/mp2t,x'))?.segments).toEqual(
      [],
    );
    expect(read(`${ROOT}low.m3u8`, 'no playlist')).toBeUndefined();
  });
});
