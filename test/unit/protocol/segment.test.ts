import {
  digestsUrl,
  initFile,
  isSegmentSize,
  isUint32,
  LIMITS,
  parseLivePath,
  partFile,
  pieceCount,
  pieceLength,
  playlistFile,
  productFile,
  RECORDINGS_FILE,
  segmentFile,
  segmentKey,
  stripePieces,
} from '@shoal/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renditionId } from '../../support/builders.ts';

const uint32 = fc.nat(0xffff_ffff);
const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/);
const largest = LIMITS.piecesPerSegment * LIMITS.pieceBytes;

describe('paths below /live/', () => {
  it('SEG-3 read back as what they were written from', () => {
    fc.assert(
      fc.property(fc.tuple(name, name), fc.tuple(uint32, uint32, fc.nat(999)), (names, numbers) => {
        const [channel, rendition] = names;
        const [epoch, msn, part] = numbers;
        const folder = `/live/${channel}/${rendition}`;
        const id = { rendition, epoch, msn };
        const segment = `${folder}/${segmentFile({ epoch, msn })}`;
        const expected = [
          [`/live/${channel}/index.m3u8`, { type: 'multivariant', channel }],
          [`/live/${channel}/ll.m3u8`, { type: 'multivariant', channel, lowLatency: true }],
          [`${folder}/index.m3u8`, { type: 'playlist', channel, rendition }],
          [`${folder}/ll.m3u8`, { type: 'playlist', channel, rendition, lowLatency: true }],
          [`/live/${channel}/${RECORDINGS_FILE}`, { type: 'recordings', channel }],
          ...(['mp4', 'sprites'] as const).map((kind) => {
            const number = part + 1;
            const file = productFile(epoch, kind, number);
            return [
              `/live/${channel}/${file}`,
              { type: 'product', channel, broadcast: epoch, kind, number },
            ] as const;
          }),
          ...(['poster', 'storyboard'] as const).map(
            (kind) =>
              [
                `/live/${channel}/${productFile(epoch, kind)}`,
                { type: 'product', channel, broadcast: epoch, kind, number: 1 },
              ] as const,
          ),
          ...(['dvr', epoch] as const).flatMap((recording) => [
            [
              `/live/${channel}/${playlistFile(recording)}`,
              { type: 'multivariant', channel, recording },
            ] as const,
            [
              `${folder}/${playlistFile(recording)}`,
              { type: 'playlist', channel, rendition, recording },
            ] as const,
          ]),
          [`${folder}/${initFile(epoch)}`, { type: 'init', channel, rendition, epoch }],
          [segment, { type: 'segment', channel, id }],
          [digestsUrl(segment), { type: 'digests', channel, id }],
          [`${folder}/${partFile({ epoch, msn }, part)}`, { type: 'part', channel, id, part }],
        ] as const;
        for (const [path, value] of expected)
          expect(parseLivePath(path)).toEqual({ ok: true, value });
      }),
    );
  });

  it('SEG-3 are found under no other spelling: what is read is written the same', () => {
    const digits = fc.stringMatching(/^\d{0,12}$/);
    const suffix = fc.constantFrom(
      '.m4s',
      '.0.m4s',
      '.07.m4s',
      '.1.digests',
      '.digests',
      '-init.mp4',
      '-vod.m3u8',
      '.mp4',
      '',
    );
    fc.assert(
      fc.property(digits, fc.option(digits), suffix, (first, second, end) => {
        const file = `${first}${second === null ? '' : `-${second}`}${end}`;
        const read = parseLivePath(`/live/demo/source/${file}`);
        if (!read.ok) return;
        if (read.value.type === 'init') expect(initFile(read.value.epoch)).toBe(file);
        else if (read.value.type === 'segment') expect(segmentFile(read.value.id)).toBe(file);
        else if (read.value.type === 'digests')
          expect(digestsUrl(segmentFile(read.value.id))).toBe(file);
        else if (read.value.type === 'part')
          expect(partFile(read.value.id, read.value.part)).toBe(file);
        else if (read.value.type === 'playlist')
          expect(playlistFile(read.value.recording)).toBe(file);
        else expect.unreachable();
      }),
      { numRuns: 2_000 },
    );
  });

  it('SEG-3 what is made of a broadcast has one spelling', () => {
    const digits = fc.stringMatching(/^\d{0,11}$/);
    const end = fc.constantFrom(
      '.mp4',
      '-1.mp4',
      '-2.mp4',
      '-02.mp4',
      '-poster.jpg',
      '-poster.vtt',
    );
    const more = fc.constantFrom(
      ...['-storyboard.vtt', '-storyboard.jpg', '-storyboard-1.jpg', '-storyboard-0.jpg'],
      ...['-poster-1.jpg', '-storyboard-1.vtt', '.jpg', '-12345.mp4'],
    );
    fc.assert(
      fc.property(digits, fc.oneof(end, more), (id, suffix) => {
        const read = parseLivePath(`/live/demo/${id}${suffix}`);
        if (!read.ok || read.value.type !== 'product') return;
        const { broadcast, kind, number } = read.value;
        expect(productFile(broadcast, kind, number)).toBe(`${id}${suffix}`);
      }),
      { numRuns: 1_000 },
    );
    for (const file of ['1-1.mp4', '1-storyboard.jpg', '1-poster-1.jpg', '4294967296.mp4'])
      expect(parseLivePath(`/live/demo/${file}`).ok, file).toBe(false);
    expect(parseLivePath('/live/demo/source/1.mp4').ok).toBe(false);
  });

  it.each([
    '',
    '/',
    'live/demo/index.m3u8',
    '/live',
    '/live/',
    '/live/demo',
    '/live/demo/',
    '/live//index.m3u8',
    '/live/demo//index.m3u8',
    '/live/demo/source/',
    '/live/demo/source/deep/1-2.m4s',
    '/LIVE/demo/index.m3u8',
    '//live/demo/index.m3u8',
    '/live/../index.m3u8',
    '/live/demo/../index.m3u8',
    '/live/demo/source/../1-2.m4s',
    '/live/demo/%2e%2e/1-2.m4s',
    '/live/demo/source/..%2f1-2.m4s',
    '/live/demo/source/..\\1-2.m4s',
    '/live/demo/source/1-2.m4s/',
    '/live/demo/source/1-2.m4s?token=x',
    '/live/demo/source/1-2.m4s\n',
    '/live/demo/source/1-2.m4s\0.png',
    '/live/demo/source/1-2.M4S',
    '/live/demo/source/-1-2.m4s',
    '/live/demo/source/1--2.m4s',
    '/live/demo/source/+1-2.m4s',
    '/live/demo/source/1e3-2.m4s',
    '/live/demo/source/0x1-2.m4s',
    '/live/demo/source/1.0-2.m4s',
    '/live/demo/source/01-2.m4s',
    '/live/demo/source/1-002.m4s',
    '/live/demo/source/00-init.mp4',
    '/live/demo/source/ 1-2.m4s',
    '/live/demo/source/1-2',
    '/live/demo/source/1.m4s',
    '/live/demo/source/١-٢.m4s',
    '/live/demo/source/4294967296-2.m4s',
    '/live/demo/source/1-4294967296.m4s',
    '/live/demo/source/4294967296-init.mp4',
    '/live/demo/source/99999999999999999999-2.m4s',
    '/live/demo/1-2.m4s',
    '/live/demo/source/index.m3u8x',
    '/live/demo/dvr.m3u8x',
    '/live/demo/source/DVR.m3u8',
    '/live/demo/source/-vod.m3u8',
    '/live/demo/source/01-vod.m3u8',
    '/live/demo/4294967296-vod.m3u8',
    '/live/demo/source/recordings.json',
    '/live/demo/source/1-vod.m3u8/',
  ])('SEG-3 %j is not found', (path) => {
    expect(parseLivePath(path).ok).toBe(false);
  });

  it('SEG-3 an id that breaks SEG-1 is not found', () => {
    expect(parseLivePath(`/live/${'c'.repeat(65)}/index.m3u8`).ok).toBe(false);
    expect(parseLivePath(`/live/demo/${'r'.repeat(33)}/index.m3u8`).ok).toBe(false);
  });

  it('never make the reader throw', () => {
    const part = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('live', 'demo', '..', ''));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 7 }), (parts) => {
        expect(typeof parseLivePath(parts.join('/')).ok).toBe('boolean');
      }),
    );
  });
});

describe('the URL of a digest list', () => {
  it.each([
    ['https://h/live/c/r/1-2.m4s', 'https://h/live/c/r/1-2.digests'],
    ['https://h/live/c/r/1-2.m4s?a=b.m4s', 'https://h/live/c/r/1-2.digests?a=b.m4s'],
    ['https://h/live/c/r/1-2.m4s#t', 'https://h/live/c/r/1-2.digests#t'],
    ['https://h/x.m4s/r/1-2.m4s?q', 'https://h/x.m4s/r/1-2.digests?q'],
  ])('SEG-4 of %s is %s', (segment, digests) => {
    expect(digestsUrl(segment)).toBe(digests);
  });
});

describe('pieces and stripes', () => {
  it('LIM-1 the pieces of a segment add up to its size, and only the last may be shorter', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: largest }), (size) => {
        const count = pieceCount(size);
        expect(pieceLength(size, count - 1)).toBeGreaterThan(0);
        expect((count - 1) * LIMITS.pieceBytes + pieceLength(size, count - 1)).toBe(size);
        for (let i = 0; i < Math.min(count - 1, 4); i++)
          expect(pieceLength(size, i)).toBe(LIMITS.pieceBytes);
      }),
    );
  });

  it('SEG-5 the stripes of a segment tile it, and differ by a piece at most', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: LIMITS.piecesPerSegment }),
        fc.integer({ min: 1, max: 64 }),
        (pieces, of) => {
          let at = 0;
          for (let stripe = 0; stripe < of; stripe++) {
            const { from, to } = stripePieces(pieces, stripe, of);
            expect(from).toBe(at);
            expect(to - from).toBeGreaterThanOrEqual(Math.floor(pieces / of));
            expect(to - from).toBeLessThanOrEqual(Math.ceil(pieces / of));
            at = to;
          }
          expect(at).toBe(pieces);
        },
      ),
    );
  });

  it('LIM-2 a segment has from one byte to 2,048 pieces', () => {
    expect([1, LIMITS.pieceBytes, largest].every(isSegmentSize)).toBe(true);
    for (const size of [0, -1, 0.5, NaN, Infinity, largest + 1, '5', null, undefined])
      expect(isSegmentSize(size)).toBe(false);
  });

  it('32-bit numbers are told from everything else', () => {
    expect([0, 1, 0xffff_ffff].every(isUint32)).toBe(true);
    for (const value of [-1, 0x1_0000_0000, 1.5, NaN, '1', null, undefined, 1n, {}])
      expect(isUint32(value)).toBe(false);
  });

  it('SEG-2 segments that differ in rendition, epoch or number have different keys', () => {
    const id = { rendition: renditionId('a'), epoch: 1, msn: 23 };
    const others = [
      { ...id, rendition: renditionId('b') },
      { ...id, epoch: 12, msn: 3 },
      { ...id, msn: 24 },
    ];
    expect(new Set([id, ...others].map(segmentKey)).size).toBe(4);
  });
});
