import { describe, expect, it } from 'vitest';
import { formatSummary, parseSummary, type Product } from '@shoal/server/core';
import { EPOCH, RecordingBench } from './recording-bench.ts';

const MP4: Product = { kind: 'mp4', number: 1, size: 5_000, beginMs: 0, durationMs: 2_000 };
const POSTER: Product = { ...MP4, kind: 'poster', size: 100 };

/** A broadcast of one segment that is over. */
function closed(options: ConstructorParameters<typeof RecordingBench>[0] = {}): RecordingBench {
  const bench = new RecordingBench(options);
  bench.store();
  bench.step({ type: 'closes' });
  bench.published();
  return bench;
}

describe('what is made of a broadcast', () => {
  it('ORG-26 is remembered, and listed with its path', () => {
    const bench = closed();
    bench.step({ type: 'products', broadcast: EPOCH, products: [MP4] });
    bench.step({ type: 'products', broadcast: EPOCH, products: [POSTER] });
    const [first, second] = bench.effects('amend');
    expect(first?.summary.products).toEqual([MP4]);
    expect(second?.summary.products).toEqual([MP4, POSTER]);
    const listed = [
      { kind: 'mp4', path: `/live/demo/${EPOCH}.mp4`, size: 5_000, beginMs: 0, durationMs: 2_000 },
      { kind: 'poster', path: `/live/demo/${EPOCH}-poster.jpg`, size: 100 },
    ];
    expect(bench.recording.list()).toMatchObject([{ products: listed }]);
    expect(JSON.parse(second?.index ?? '')).toMatchObject({ recordings: [{ products: listed }] });
    // Made again, it takes the place of what there was.
    bench.step({ type: 'products', broadcast: EPOCH, products: [{ ...MP4, size: 7 }] });
    expect(bench.effects('amend').at(-1)?.summary.products).toEqual([POSTER, { ...MP4, size: 7 }]);
  });

  it('ORG-26 counts among the bytes that are kept', () => {
    const bench = closed({ keepBytes: 100_000 });
    expect(bench.effects('purge')).toEqual([]);
    const products = [{ ...MP4, size: 90_000 }];
    bench.step({ type: 'products', broadcast: EPOCH, products });
    expect(bench.effects('purge')).toMatchObject([{ summary: { products } }]);
  });

  it('ORG-26 is passed over where its broadcast is being deleted, is gone, or runs', () => {
    const bench = closed({ keepMs: 1_000 });
    bench.clock.advance(2_000);
    bench.step({ type: 'tick' });
    expect(bench.effects('purge')).toHaveLength(1);
    for (const broadcast of [EPOCH, EPOCH + 1])
      bench.step({ type: 'products', broadcast, products: [MP4] });
    expect(bench.effects('amend')).toEqual([]);
    const running = new RecordingBench();
    running.store();
    running.step({ type: 'products', broadcast: EPOCH, products: [MP4] });
    expect(running.effects('amend')).toEqual([]);
  });

  it('ORG-26 is in the summary, which reads back', () => {
    const bench = closed();
    bench.step({ type: 'products', broadcast: EPOCH, products: [MP4, POSTER] });
    const summary = bench.effects('amend')[0]?.summary ?? expect.unreachable();
    expect(parseSummary(formatSummary(summary))).toEqual({ ok: true, value: summary });
    for (const products of [7, [7], [{ ...MP4, kind: 'mp3' }], [{ ...MP4, size: 0.5 }]])
      expect(parseSummary(JSON.stringify({ ...summary, products }))).toEqual({
        ...{ ok: false, error: 'products' },
      });
    const many = Array.from({ length: 1_000 }, () => MP4);
    expect(parseSummary(JSON.stringify({ ...summary, products: many })).ok).toBe(false);
  });
});
