import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMediaPlaylist, readVariants } from '../../../../client-sdk/src/node/media-playlist.ts';

const BASE = 'http://origin/live/a/source/index.m3u8';

const MEDIA = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:3
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI="5-init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
#EXTINF:2.000,
5-7.m4s
#EXTINF:1.500,
5-8.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="9-init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:01:00.000Z
#EXTINF:2,
9-9.m4s
`;

describe('reading a media playlist', () => {
  it('finds number, URL, length, date and initialisation section of every segment', () => {
    const at = Date.parse('2026-01-01T00:00:00.000Z');
    const folder = 'http://origin/live/a/source';
    expect(readMediaPlaylist(MEDIA, BASE)).toEqual({
      targetDurationMs: 3_000,
      ended: false,
      segments: [
        { msn: 7, url: `${folder}/5-7.m4s`, durationMs: 2_000, date: at },
        { msn: 8, url: `${folder}/5-8.m4s`, durationMs: 1_500, date: at + 2_000 },
        { msn: 9, url: `${folder}/9-9.m4s`, durationMs: 2_000, date: at + 60_000 },
      ].map((segment, i) => ({
        ...segment,
        initUrl: `${folder}/${i < 2 ? '5' : '9'}-init.mp4`,
      })),
    });
  });

  it('sees the end, and needs neither dates nor initialisation sections', () => {
    const text = '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n#EXT-X-ENDLIST\n';
    expect(readMediaPlaylist(text, BASE)).toMatchObject({
      ended: true,
      segments: [{ msn: 0, date: undefined, initUrl: undefined }],
    });
  });

  it('leaves out segments without a length and addresses that are not of the web', () => {
    const text = '#EXTM3U\n#EXT-X-TARGETDURATION:2\na.ts\n#EXTINF:2,\nfile:///etc/passwd\n';
    expect(readMediaPlaylist(text, BASE)?.segments).toEqual([]);
  });

  it('does not take another text for one', () => {
    expect(readMediaPlaylist('<html>', BASE)).toBeUndefined();
    expect(readMediaPlaylist('#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n', BASE)).toBeUndefined();
  });

  it('lists at most 4096 segments', () => {
    const text = `#EXTM3U\n#EXT-X-TARGETDURATION:2\n${'#EXTINF:2,\na.ts\n'.repeat(5_000)}`;
    expect(readMediaPlaylist(text, BASE)?.segments).toHaveLength(4_096);
  });

  it('never throws', () => {
    const lines = fc.oneof(fc.constantFrom(...MEDIA.split('\n')), fc.string());
    fc.assert(
      fc.property(fc.array(lines), fc.string(), (some, base) => {
        readMediaPlaylist(['#EXTM3U', '#EXT-X-TARGETDURATION:1', ...some].join('\n'), base);
        readVariants(some.join('\n'), base);
      }),
    );
  });
});

describe('reading a multivariant playlist', () => {
  it('lists the variants in order', () => {
    const text =
      '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2\nhi/index.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1\n\nlo/index.m3u8\n';
    expect(readVariants(text, 'http://origin/live/a/index.m3u8')).toEqual([
      'http://origin/live/a/hi/index.m3u8',
      'http://origin/live/a/lo/index.m3u8',
    ]);
  });

  it('finds none in a media playlist', () => {
    expect(readVariants(MEDIA, BASE)).toEqual([]);
  });

  it('lists at most 64', () => {
    const text = '#EXT-X-STREAM-INF:BANDWIDTH=2\na\n'.repeat(100);
    expect(readVariants(text, BASE)).toHaveLength(64);
  });
});
