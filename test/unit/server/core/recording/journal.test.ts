import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BroadcastSummary,
  formatRecord,
  formatSummary,
  type JournalRecord,
  ORIGIN_LIMITS,
  parseRecord,
  parseSummary,
} from '@shoal/server/core';
import { channelId, renditionId } from '../../../../support/builders.ts';
import { madeSegment } from '../../../../support/made-segments.ts';

const uint32 = fc.nat(0xffff_ffff);
const time = fc.nat(Number.MAX_SAFE_INTEGER);
const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/).map((text) => renditionId(text));

const segments = fc
  .record({
    ...{ epoch: uint32, msn: uint32, at: time, discontinuity: uint32 },
    renditions: fc.array(name, { minLength: 1, maxLength: ORIGIN_LIMITS.rungs + 1 }),
  })
  .chain((choices) =>
    fc
      .option(fc.uint8Array({ minLength: 64, maxLength: 64 }), { nil: undefined })
      .map(
        (by) => madeSegment(by === undefined ? choices : { ...choices, sign: () => by }).segment,
      ),
  );

const kinds = fc.record(
  {
    rendition: name,
    codecs: fc.constantFrom('avc1.64001F', 'avc1.64001F,mp4a.40.2'),
    width: uint32,
    height: uint32,
    frameRate: fc.double({ min: 1, max: 120, noNaN: true }),
  },
  { requiredKeys: ['rendition', 'codecs', 'width', 'height'] },
);

const records: fc.Arbitrary<JournalRecord> = fc.oneof(
  fc.record(
    {
      type: fc.constant('begin' as const),
      channel: fc.constant(channelId()),
      broadcast: uint32,
      continues: uint32,
      targetDuration: fc.integer({ min: 1, max: 100 }),
    },
    { requiredKeys: ['type', 'channel', 'broadcast', 'targetDuration'] },
  ),
  fc.record({
    type: fc.constant('renditions' as const),
    renditions: fc.array(kinds, { maxLength: ORIGIN_LIMITS.rungs + 1 }),
  }),
  segments.map((segment) => ({ type: 'segment' as const, segment })),
  fc.record({ type: fc.constantFrom('stored', 'gap'), epoch: uint32, msn: uint32 }),
  fc.record({ type: fc.constantFrom('ended', 'resumed', 'closed'), at: time }),
);

const summaries: fc.Arbitrary<BroadcastSummary> = fc.record(
  {
    ...{ broadcast: uint32, continues: uint32, beginAt: time, endAt: time, durationMs: time },
    ...{ bytes: time, segments: time, gaps: time, firstEpoch: uint32, lastEpoch: uint32 },
    firstMsn: uint32,
    renditions: fc.array(name, { maxLength: ORIGIN_LIMITS.rungs + 1 }),
    ...{ vod: fc.boolean(), deleting: fc.boolean() },
  },
  {
    requiredKeys: [
      ...(['broadcast', 'beginAt', 'endAt', 'durationMs', 'bytes', 'segments', 'gaps'] as const),
      ...(['firstEpoch', 'lastEpoch', 'renditions', 'vod', 'deleting'] as const),
    ],
  },
);

describe('lines of a journal', () => {
  it('read back as what they were written from, and are no longer than a line may be', () => {
    fc.assert(
      fc.property(records, (record) => {
        const line = formatRecord(record);
        expect(line.endsWith('\n')).toBe(true);
        expect(line.length).toBeLessThan(ORIGIN_LIMITS.journalLineBytes);
        expect(parseRecord(line.slice(0, -1))).toEqual({ ok: true, value: record });
      }),
    );
  });

  it('ORG-17 that were torn are no records', () => {
    fc.assert(
      fc.property(records, fc.nat(1_000), (record, cut) => {
        const line = formatRecord(record).slice(0, -1);
        expect(parseRecord(line.slice(0, Math.min(cut, line.length - 1))).ok).toBe(false);
      }),
    );
  });

  it.each([
    '',
    'null',
    '[]',
    '{}',
    '{"type":"begin"}',
    '{"type":"stored","epoch":-1,"msn":0}',
    '{"type":"stored","epoch":1,"msn":4294967296}',
    '{"type":"ended","at":1.5}',
    '{"type":"renditions","renditions":[{"rendition":"a","codecs":"x\\"\\n#EXT-X-ENDLIST"}]}',
    '{"type":"segment","epoch":1,"msn":1,"at":1,"discontinuity":0,"independent":true,"infos":[]}',
    '{"type":"segment","epoch":1,"msn":1,"at":1,"discontinuity":0,"independent":true,"infos":[["../x",1,1,"r"]]}',
    `{"type":"segment","epoch":1,"msn":1,"at":1,"discontinuity":0,"independent":true,"infos":[["a",1,1,"${'A'.repeat(43)}","s"]]}`,
  ])('%j is none', (line) => {
    expect(parseRecord(line).ok).toBe(false);
  });

  it('whatever they are, never make the reader throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
        expect(typeof parseRecord(line).ok).toBe('boolean');
        expect(typeof parseSummary(line).ok).toBe('boolean');
      }),
    );
  });
});

describe('the summary of a broadcast', () => {
  it('reads back as what it was written from', () => {
    fc.assert(
      fc.property(summaries, (summary) => {
        expect(parseSummary(formatSummary(summary))).toEqual({ ok: true, value: summary });
      }),
    );
  });

  it.each(['', '{}', '{"broadcast":1}', '[1]'])('%j is none', (text) => {
    expect(parseSummary(text).ok).toBe(false);
  });
});
