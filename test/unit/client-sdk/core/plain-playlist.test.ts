import { readPlainPlaylist } from '@shoal/client-sdk/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const HEAD = ['#EXTM3U', '#EXT-X-TARGETDURATION:2'];

function read(...lines: readonly string[]) {
  return readPlainPlaylist([...HEAD, ...lines].join('\n'));
}

function items(...lines: readonly string[]) {
  return read(...lines)?.items.map(({ msn, uri, within }) =>
    within === undefined ? [msn, uri] : [msn, uri, within.from, within.to],
  );
}

describe('reading a playlist without digests', () => {
  it('SEG-10 numbers segments from the media sequence, with their lengths', () => {
    const playlist = read(
      ...['#EXT-X-MEDIA-SEQUENCE:40', '#EXT-X-DISCONTINUITY-SEQUENCE:3', '#EXTINF:2.002,title'],
      ...[
        'a.ts',
        '#EXT-X-DISCONTINUITY',
        '#EXT-X-KEY:METHOD=AES-128,URI="k"',
        '#EXTINF:1.5',
        'b.ts',
      ],
    );
    expect(playlist).toEqual({
      ended: false,
      items: [
        { msn: 40, uri: 'a.ts', durationMs: 2_002, within: undefined },
        { msn: 41, uri: 'b.ts', durationMs: 1_500, within: undefined },
      ],
    });
    expect(read('#EXTINF:2,', 'a.ts', '#EXT-X-ENDLIST')?.ended).toBe(true);
  });

  it('SEG-10 reads lines that end in CR LF, and a byte order mark', () => {
    const text = `\uFEFF${[...HEAD, '#EXTINF:2,', 'a.ts', ''].join('\r\n')}`;
    expect(readPlainPlaylist(text)?.items[0]?.uri).toBe('a.ts');
  });

  it('SEG-10 takes byte ranges, one without an offset from where the one before ended', () => {
    expect(
      items(
        ...['#EXTINF:2,', '#EXT-X-BYTERANGE:100@50', 'all.mp4'],
        ...['#EXT-X-BYTERANGE:30', '#EXTINF:2,', 'all.mp4'],
        ...['#EXTINF:2,', '#EXT-X-BYTERANGE:30', 'other.mp4', '#EXTINF:2,', 'whole.ts'],
        ...['#EXTINF:2,', '#EXT-X-BYTERANGE:x@1', 'all.mp4'],
      ),
    ).toEqual([
      [0, 'all.mp4', 50, 150],
      [1, 'all.mp4', 150, 180],
      // Of `other.mp4` it is not said where the range begins.
      [3, 'whole.ts'],
    ]);
  });

  it('SEG-10 leaves out gaps, variables and segments without a length, and counts them', () => {
    expect(
      items(
        ...['#EXTINF:2,', '#EXT-X-GAP', 'gone.ts', '#EXTINF:2,', '{$base}/b.ts', 'c.ts'],
        ...['#EXTINF:2,', 'd.ts'],
      ),
    ).toEqual([[3, 'd.ts']]);
  });

  it('SEG-10 passes over parts, and what a delta update leaves out', () => {
    expect(
      items(
        ...['#EXT-X-MEDIA-SEQUENCE:7', '#EXT-X-SKIP:SKIPPED-SEGMENTS=3', '#EXTINF:2,', 'a.m4s'],
        ...['#EXT-X-PART:DURATION=0.3,URI="b.0.m4s"', '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="b.1"'],
      ),
    ).toEqual([[10, 'a.m4s']]);
  });

  it.each([
    ['no playlist', 'hello'],
    ['a multivariant playlist', '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8'],
    ['a playlist of I-frames', [...HEAD, '#EXT-X-I-FRAMES-ONLY', '#EXTINF:2,', 'a.ts'].join('\n')],
    ['a sequence number that is none', [...HEAD, '#EXT-X-MEDIA-SEQUENCE:-1'].join('\n')],
    ['a text beyond 8 Mi characters', [...HEAD, ' '.repeat(8_388_608)].join('\n')],
  ])('SEG-10 %s is not shared from', (_, text) => {
    expect(readPlainPlaylist(text)).toBeUndefined();
  });

  it('SEG-10 lists 16,384 segments at most', () => {
    const many = Array.from({ length: 16_400 }, (_, i) => `#EXTINF:2,\n${i}.ts`);
    expect(read(...many)?.items).toHaveLength(16_384);
  });

  it('SEG-10 never throws, and numbers, lengths and ranges keep their limits', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('a.ts', 'a.ts', 'b.ts', '#EXT-X-GAP', '#EXT-X-ENDLIST', '#EXTINF:2,'),
      fc
        .tuple(
          fc.constantFrom('#EXTINF', '#EXT-X-BYTERANGE', '#EXT-X-MEDIA-SEQUENCE', '#EXT-X-SKIP'),
          fc.oneof(fc.string(), fc.integer().map(String), fc.stringMatching(/^\d{1,12}@\d{1,16}$/)),
        )
        .map((parts) => parts.join(':')),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
        for (const { msn, durationMs, within } of read(...lines)?.items ?? []) {
          expect(msn).toBeLessThan(2 ** 32);
          expect(durationMs).toBeGreaterThanOrEqual(0);
          if (within === undefined) continue;
          expect(within.to).toBeGreaterThan(within.from);
          expect(within.to - within.from).toBeLessThanOrEqual(32 * 2 ** 20);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
