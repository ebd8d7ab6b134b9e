import { LIMITS, readSwarmTags, segmentTag, swarmTag } from '@shoal/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelId, originSegment, renditionId } from '../../support/builders.ts';

const SEGMENTS = [40, 41, 42].map((msn) => originSegment(msn, { pieces: 1, durationMs: 1_920 }));
/** The form of one. */
const SIGNATURE = new Uint8Array(64).fill(7);
const SWARM = swarmTag(channelId('demo'), renditionId('source'));

/** A media playlist as the origin writes it; `lines` replaces what stands before a segment's URI. */
function playlist(lines: Readonly<Record<number, readonly string[]>> = {}): string {
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    '#EXT-X-TARGETDURATION:2',
    '#EXT-X-MEDIA-SEQUENCE:40',
    SWARM,
    '#EXT-X-MAP:URI="1700000000-init.mp4"',
    ...SEGMENTS.flatMap(({ info }) => [
      ...(lines[info.id.msn] ?? ['#EXTINF:1.920,', segmentTag(info)]),
      `1700000000-${info.id.msn}.m4s`,
    ]),
    '',
  ].join('\n');
}

function msns(text: string): readonly number[] | undefined {
  return readSwarmTags(text)?.segments.map(({ info }) => info.id.msn);
}

describe('the tags of a media playlist', () => {
  it.each(['\n', '\r\n'])('SEG-8 SEG-9 say what each segment is (line ends %j)', (end) => {
    expect(readSwarmTags(playlist().replaceAll('\n', end))).toEqual({
      channel: 'demo',
      rendition: 'source',
      ended: false,
      segments: SEGMENTS.map(({ info }) => ({ info, uri: `1700000000-${info.id.msn}.m4s` })),
    });
  });

  it('SEG-8 a playlist without the swarm tag, or with another version, is an ordinary one', () => {
    expect(readSwarmTags(playlist().replace(SWARM, ''))).toBeUndefined();
    expect(readSwarmTags(playlist().replace('VERSION=1', 'VERSION=2'))).toBeUndefined();
    expect(readSwarmTags(playlist().replace('"demo"', '"de mo"'))).toBeUndefined();
    expect(readSwarmTags(playlist().replace('"source"', '"../source"'))).toBeUndefined();
    expect(readSwarmTags('')).toBeUndefined();
  });

  it('SEG-8 a segment before the swarm tag is not shared', () => {
    const late = playlist().replace(`${SWARM}\n`, '') + SWARM;
    expect(readSwarmTags(late)).toMatchObject({ channel: 'demo', segments: [] });
  });

  it('SEG-9 a segment without a tag is left out, and the numbers of the others stay right', () => {
    expect(msns(playlist({ 41: ['#EXTINF:2,'] }))).toEqual([40, 42]);
  });

  it.each([
    '#EXT-X-SHOAL-SEGMENT:',
    '#EXT-X-SHOAL-SEGMENT:EPOCH=1,SIZE=5',
    '#EXT-X-SHOAL-SEGMENT:EPOCH=-1,SIZE=5,ROOT="#"',
    '#EXT-X-SHOAL-SEGMENT:EPOCH=4294967296,SIZE=5,ROOT="#"',
    '#EXT-X-SHOAL-SEGMENT:EPOCH=1,SIZE=0,ROOT="#"',
    '#EXT-X-SHOAL-SEGMENT:EPOCH=1,SIZE=33554433,ROOT="#"',
    '#EXT-X-SHOAL-SEGMENT:EPOCH=1,SIZE=99999999999999999999,ROOT="#"',
    '#EXT-X-SHOAL-SEGMENT:EPOCH=1,SIZE=5,ROOT="short"',
    '#EXT-X-SHOAL-SEGMENT:EPOCH=1,SIZE=5,ROOT="#",MORE=1',
    '#EXT-X-SHOAL-SEGMENT:SIZE=5,EPOCH=1,ROOT="#"',
  ])('SEG-9 a segment with the tag %s is left out', (tag) => {
    const root = SEGMENTS[0]?.info.root ?? '';
    expect(msns(playlist({ 41: ['#EXTINF:2,', tag.replace('"#"', `"${root}"`)] }))).toEqual([
      40, 42,
    ]);
  });

  it('SEG-15 the tag of a signed segment carries its signature', () => {
    const signed = originSegment(41, { pieces: 1, durationMs: 1_920, sign: () => SIGNATURE }).info;
    const tag = segmentTag(signed);
    expect(tag).toMatch(/,ROOT="[\w-]{43}",SIG="[\w-]{86}"$/);
    const listed = readSwarmTags(playlist({ 41: ['#EXTINF:1.920,', tag] }))?.segments ?? [];
    expect(listed.map(({ info }) => info)).toEqual([SEGMENTS[0]?.info, signed, SEGMENTS[2]?.info]);
  });

  it.each([
    'SIG="short"',
    `SIG="${'A'.repeat(85)}="`,
    `SIG="${'A'.repeat(85)}B"`,
    `SIG="${'A'.repeat(87)}"`,
    `SIG=${'A'.repeat(86)}`,
    `SIG="${'A'.repeat(86)}",MORE=1`,
    `SIG="${'A'.repeat(86)}",SIG="${'A'.repeat(86)}"`,
  ])('SEG-15 a segment whose tag has %s is left out', (attribute) => {
    const [, second] = SEGMENTS;
    const tag = `${segmentTag(second?.info ?? originSegment(1).info)},${attribute}`;
    expect(msns(playlist({ 41: ['#EXTINF:2,', tag] }))).toEqual([40, 42]);
  });

  it('SEG-9 a tag belongs to the next URI only', () => {
    const [first] = SEGMENTS;
    const once = ['#EXTINF:2,', segmentTag(first?.info ?? originSegment(1).info)];
    expect(msns(playlist({ 40: once, 41: ['#EXTINF:2,'], 42: ['#EXTINF:2,'] }))).toEqual([40]);
  });

  it.each(['-5', 'x', '', 'NaN', 'Infinity', '1e300'])(
    'SEG-9 a segment that lasts %j is left out',
    (duration) => {
      const [, second] = SEGMENTS;
      const tag = segmentTag(second?.info ?? originSegment(1).info);
      expect(msns(playlist({ 41: [`#EXTINF:${duration},`, tag] }))).toEqual([40, 42]);
    },
  );

  it.each(['', 'x', '-1', '1.5', '4294967296', '12x'])(
    'segments whose media sequence number is %j are not shared',
    (number) => {
      const text = playlist().replace('SEQUENCE:40', `SEQUENCE:${number}`);
      for (const msn of msns(text) ?? []) expect(msn).toBeLessThan(3);
    },
  );

  it('the end of the playlist is seen', () => {
    expect(readSwarmTags(`${playlist()}#EXT-X-ENDLIST\n`)?.ended).toBe(true);
  });

  it('lists 4,096 segments at most', () => {
    const [first] = SEGMENTS;
    const one = `#EXTINF:2,\n${segmentTag(first?.info ?? originSegment(1).info)}\na.m4s\n`;
    expect(msns(`${SWARM}\n${one.repeat(4_100)}`)).toHaveLength(4_096);
  });

  it('never throws on junk, and what it lists is always usable', () => {
    const line = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(...playlist().split('\n')),
      fc
        .tuple(fc.constantFrom(...playlist().split('\n')), fc.nat(80))
        .map(([text, n]) => text.slice(0, n)),
      fc.double().map((n) => `#EXTINF:${n},`),
      fc.double().map((n) => `#EXT-X-MEDIA-SEQUENCE:${n}`),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
        for (const { info } of readSwarmTags(lines.join('\n'))?.segments ?? []) {
          expect(info.size).toBeGreaterThan(0);
          expect(info.size).toBeLessThanOrEqual(LIMITS.pieceBytes * LIMITS.piecesPerSegment);
          expect(info.durationMs).toBeGreaterThanOrEqual(0);
          expect(Number.isSafeInteger(info.durationMs)).toBe(true);
          expect(Number.isSafeInteger(info.id.msn)).toBe(true);
        }
      }),
    );
  });
});
