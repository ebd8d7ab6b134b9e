import { describe, expect, it } from 'vitest';
import { figuresOf } from '../../bench/figures.ts';
import type { BenchReading } from '../../bench/page/reading.ts';
import type { RunRecord, ViewerRecord } from '../../bench/run-record.ts';
import { CUSTOM } from '../../bench/scenes.ts';

const FROM = 100_000;
const TO = 110_000;
const SIZE = 1_000;

const made = (path: string, at: number): RunRecord['segments'][number] => ({
  path,
  bytes: SIZE,
  durationMs: 10_000,
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

const viewer = (
  tag: string,
  own: BenchReading,
  spec: Partial<ViewerRecord['spec']> = {},
): ViewerRecord => ({
  spec: {
    tag,
    engine: 'shoal',
    uplinkKbps: undefined,
    uploads: true,
    pollutes: undefined,
    doomed: false,
    ...spec,
  },
  reading: own,
});

function run(fields: Partial<RunRecord> = {}): RunRecord {
  return {
    plan: { ...CUSTOM.plan, viewers: 2 },
    from: FROM,
    to: TO,
    records: [viewer('a', reading()), viewer('b', reading())],
    segments: [],
    deliveries: [],
    hashes: new Map(),
    cpuMs: 2_000,
    lagMs: 3,
    peersLagMs: undefined,
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
        records: ['a', 'b'].map((tag) => viewer(tag, playing)),
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
        records: [viewer('a', joiner)],
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
    const figures = figuresOf(run({ records: [viewer('a', reading({ stalls }))] }));
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
          viewer('a', reading({ samples })),
          viewer('b', reading({ samples: samples.map((sample) => ({ ...sample, sent: 0 })) })),
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
          viewer('a', reading({ engine: { http: 60, p2p: 40, wasted: 5 } })),
          viewer('b', reading({ startupMs: undefined, fatal: ['levelParsingError'] })),
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

  it('bound the offload by what the uplinks carry of the stream', () => {
    // 1,000 bytes in 10 s are 0.8 kbit/s.
    const segments = [made('/1', 101_000)];
    const records = [
      viewer('a', reading(), { uplinkKbps: 0.4 }),
      viewer('b', reading(), { uplinkKbps: 0.4, uploads: false }),
    ];
    expect(figuresOf(run({ segments, records })).offloadCeilingPercent).toBeCloseTo(25);
    expect(figuresOf(run({ segments })).offloadCeilingPercent).toBe(50);
  });

  it('compare start-up with the plain viewers between, which count for nothing else', () => {
    const plan = { ...CUSTOM.plan, viewers: 4, interleavePlain: true };
    const records = [300, 400, 500, 600].map((startupMs, i) =>
      viewer(`${i}`, reading({ startupMs }), { engine: i % 2 === 0 ? 'plain' : 'shoal' }),
    );
    const figures = figuresOf(run({ plan, records }));
    expect(figures).toMatchObject({ startupMedianMs: 500, startupRatio: 1.25 });
  });

  it('tell how long segments took from the origin to completeness', () => {
    const fill = (at: number) => ({ path: '/1', at });
    const inside = { ids: [], responses: [8], framesPerSecond: 50, hashes: [], corrupt: [] };
    const records = [101_200, 101_400].map((at, i) =>
      viewer(`${i}`, reading({ inside: { ...inside, fills: [fill(at)] } })),
    );
    const figures = figuresOf(run({ segments: [made('/1', 101_000)], records }));
    // 2,000 ms of CPU time for two viewers' 50 frames a second in 10 s.
    expect(figures).toMatchObject({
      fillP50Ms: 200,
      fillP95Ms: 400,
      responseP50Ms: 8,
      cpuMsPerFrame: 2,
    });
  });

  it('count what polluters landed, and what of it reached a player', () => {
    const inside = {
      ids: [],
      fills: [],
      responses: [],
      framesPerSecond: 0,
      hashes: [],
      corrupt: [],
    };
    const got = (sha256: string) => ({ path: '/1', bytes: SIZE, sha256 });
    const liar = reading({ inside: { ...inside, ids: ['liar-1', 'liar-2'] } });
    const victim = reading({
      inside: { ...inside, hashes: [got('true')], corrupt: ['liar-1', 'liar-2', 'honest'] },
    });
    const fooled = reading({
      inside: { ...inside, hashes: [got('false')], corrupt: ['liar-2'] },
      startupMs: 700,
    });
    const figures = figuresOf(
      run({
        hashes: new Map([['/1', 'true']]),
        records: [
          viewer('liar', liar, { pollutes: 'bits' }),
          viewer('victim', victim),
          viewer('fooled', fooled),
        ],
      }),
    );
    expect(figures).toMatchObject({
      comparedSegments: 2,
      corruptBytes: SIZE,
      corruptForwarded: 1,
      falsePieces: 3,
      falsePiecesMax: 2,
      startupMedianMs: 600,
    });
  });
});
