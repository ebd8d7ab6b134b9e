import { describe, expect, it } from 'vitest';
import { figuresOf, type RunRecord } from '../../bench/figures.ts';
import type { BenchReading } from '../../bench/page/reading.ts';

const FROM = 100_000;
const TO = 110_000;
const SIZE = 1_000;

const made = (path: string, at: number): RunRecord['segments'][number] => ({
  path,
  bytes: SIZE,
  at,
});

const loaded = (path: string, at: number, waitedMs = 10): BenchReading['segments'][number] => ({
  path,
  bytes: SIZE,
  at,
  waitedMs,
});

function reading(fields: Partial<BenchReading> = {}): BenchReading {
  return {
    startupMs: 500,
    samples: [],
    segments: [loaded('/early', 90_000)],
    stalls: [],
    engine: { http: 0, p2p: 0, wasted: 0 },
    fatal: [],
    ...fields,
  };
}

function run(fields: Partial<RunRecord> = {}): RunRecord {
  return {
    viewers: 2,
    from: FROM,
    to: TO,
    records: [
      { tag: 'a', reading: reading() },
      { tag: 'b', reading: reading() },
    ],
    segments: [],
    deliveries: [],
    cpuMs: 2_000,
    lagMs: 3,
    ...fields,
  };
}

describe('the figures of a run', () => {
  it('count copies by the bytes that the origin sent of segments made in the window', () => {
    const segments = [made('/early', 99_000), made('/1', 101_000), made('/2', 103_000)];
    const playing = reading({
      segments: [loaded('/early', 99_500), loaded('/1', 101_500), loaded('/2', 103_500)],
    });
    const figures = figuresOf(
      run({
        segments,
        records: ['a', 'b'].map((tag) => ({ tag, reading: playing })),
        deliveries: [
          { path: '/early', bytes: SIZE, userAgent: 'a' },
          { path: '/1', bytes: SIZE, userAgent: 'a' },
          { path: '/1', bytes: SIZE / 2, userAgent: 'b' },
          { path: '/2', bytes: SIZE / 2, userAgent: 'b' },
          { path: '/2', bytes: SIZE, userAgent: 'somebody else' },
        ],
      }),
    );
    expect(figures).toMatchObject({
      segments: 2,
      copiesMean: 1,
      copiesMax: 1.5,
      offloadPercent: 50,
      offloadLimitPercent: 50,
    });
  });

  it('leave out the first segment of whoever joins in the window', () => {
    const joiner = reading({ segments: [loaded('/1', 101_500), loaded('/2', 103_500)] });
    const figures = figuresOf(
      run({
        segments: [made('/1', 101_000), made('/2', 103_000)],
        records: [{ tag: 'a', reading: joiner }],
        deliveries: [
          { path: '/1', bytes: SIZE, userAgent: 'a' },
          { path: '/2', bytes: SIZE / 4, userAgent: 'a' },
        ],
      }),
    );
    expect(figures).toMatchObject({ copiesMean: 0.125, copiesMax: 0.25, offloadPercent: 75 });
  });

  it('count stalls as far as they lie in the window', () => {
    const stalls = [
      { at: 90_000, ms: 5_000 },
      { at: 99_000, ms: 2_000 },
      { at: 109_500, ms: 9_000 },
      { at: 111_000, ms: 1_000 },
    ];
    const figures = figuresOf(run({ records: [{ tag: 'a', reading: reading({ stalls }) }] }));
    expect(figures).toMatchObject({ stalls: 2, stalledMs: 1_500 });
  });

  it('give upload by viewer between the first and the last look in the window', () => {
    const samples = [99_000, 100_000, 101_000, 109_000, 111_000].map((at, i) => ({
      at,
      latencyMs: 6_000 + i,
      sent: [0, 1_000, 6_000, 10_000, 90_000][i] ?? 0,
      received: 0,
    }));
    const figures = figuresOf(
      run({
        records: [
          { tag: 'a', reading: reading({ samples }) },
          {
            tag: 'b',
            reading: reading({ samples: samples.map((sample) => ({ ...sample, sent: 0 })) }),
          },
        ],
      }),
    );
    expect(figures).toMatchObject({
      uploadMeanKbps: 4,
      uploadMaxKbps: 8,
      uploadPeakKbps: 40,
      latencyMedianMs: 6_002,
      latencyMaxMs: 6_003,
    });
  });

  it('know who never saw a picture, what was wasted, and what it cost', () => {
    const figures = figuresOf(
      run({
        records: [
          { tag: 'a', reading: reading({ engine: { http: 60, p2p: 40, wasted: 5 } }) },
          { tag: 'b', reading: reading({ startupMs: undefined, fatal: ['levelParsingError'] }) },
        ],
      }),
    );
    expect(figures).toMatchObject({
      notStarted: 1,
      startupMedianMs: 500,
      wastedPercent: 5,
      cpuPercentPerViewer: 10,
      fatalErrors: 1,
    });
  });

  it('leave open what there was nothing to measure of', () => {
    const figures = figuresOf(run({ cpuMs: undefined }));
    expect(figures.copiesMean).toBeUndefined();
    expect(figures.offloadPercent).toBeUndefined();
    expect(figures.latencyMedianMs).toBeUndefined();
    expect(figures.fetchP95Ms).toBeUndefined();
    expect(figures.uploadMeanKbps).toBeUndefined();
    expect(figures.cpuPercentPerViewer).toBeUndefined();
  });
});
