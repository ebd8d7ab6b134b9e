/** One measurement of a long run. */
export type Measurement = {
  /** Minutes of stream since the beginning. */
  readonly minute: number;
  /** The heap, and the buffers outside it, after garbage collection. */
  readonly heapBytes: number;
  readonly rssBytes: number;
  /** RSS of the ingest process; absent where there is none. */
  readonly ingestRssBytes?: number;
  /** Of the channel so far. */
  readonly epochs: number;
  readonly segments: number;
  /** Versions of media playlists that were linted. */
  readonly versions: number;
  readonly findings: number;
};

/** How the heap at the end compares with that at the beginning. */
export type Growth = {
  readonly firstBytes: number;
  readonly lastBytes: number;
  readonly grown: boolean;
};

const SHARE = 0.05;
const BYTES = 5 * 1024 * 1024;

/**
 * Compares the first hour's measurements with the last hour's, or thirds where there are no two hours between them. That at the very
 * beginning, when nothing was published yet, is left out.
 */
export function growthOf(measurements: readonly Measurement[]): Growth {
  const begun = measurements.filter(({ minute }) => minute > 0);
  const end = begun.at(-1)?.minute ?? 0;
  const span = end >= 180 ? 60 : end / 3;
  const first = mean(begun.filter(({ minute }) => minute <= span || minute === begun[0]?.minute));
  const last = mean(begun.filter(({ minute }) => minute > end - span));
  return { firstBytes: first, lastBytes: last, grown: last > first * (1 + SHARE) + BYTES };
}

function mean(measurements: readonly Measurement[]): number {
  return measurements.reduce((sum, { heapBytes }) => sum + heapBytes, 0) / measurements.length;
}
