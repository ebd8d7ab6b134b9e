import { cpus } from 'node:os';
import { type Growth, type Measurement } from './growth.ts';

/** What a long run came to. */
export type LongResult = {
  readonly measurements: readonly Measurement[];
  readonly findings: readonly string[];
  /** Seconds of media that were published, and that were listed. */
  readonly publishedSeconds: number;
  readonly listedSeconds: number;
  /** Versions that parsers of others read too. */
  readonly secondOpinions: number;
  /** Segments that ffmpeg decoded and ffprobe looked at. */
  readonly decoded: number;
  readonly wallSeconds: number;
};

/** The table of a run, and what it means. */
export function table(result: LongResult, growth: Growth): string {
  const { measurements } = result;
  const ingest = measurements.some(({ ingestRssBytes }) => ingestRssBytes !== undefined);
  const heads = ['minute', 'epochs', 'segments', 'versions', 'heap and buffers, MB', 'RSS, MB'];
  if (ingest) heads.push('ingest RSS, MB');
  heads.push('findings');
  const rows = measurements.map((at) => {
    const counts = [at.minute, at.epochs, at.segments, at.versions].map(String);
    const memory = [at.heapBytes, at.rssBytes, ...(ingest ? [at.ingestRssBytes ?? 0] : [])];
    return `| ${[...counts, ...memory.map(megabytes), String(at.findings)].join(' | ')} |`;
  });
  const listed = (100 * result.listedSeconds) / result.publishedSeconds;
  return [
    `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}; ${result.wallSeconds.toFixed(0)} s.`,
    '',
    `| ${heads.join(' | ')} |`,
    `| ${heads.map(() => '---:').join(' | ')} |`,
    ...rows,
    '',
    `Heap and buffers: ${megabytes(growth.firstBytes)} MB in the first ${hours(measurements)}, ${megabytes(growth.lastBytes)} MB in the last: ${growth.grown ? 'it has grown' : 'kept'}.`,
    `Listed: ${listed.toFixed(2)} % of ${result.publishedSeconds.toFixed(0)} s that were published.`,
    `Parsers of others read ${result.secondOpinions} versions; ${result.decoded} segments were decoded.`,
    `Findings: ${result.findings.length}.`,
    ...result.findings.map((finding) => `- ${finding}`),
    '',
  ].join('\n');
}

function hours(measurements: readonly Measurement[]): string {
  return (measurements.at(-1)?.minute ?? 0) >= 180 ? 'hour' : 'third';
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
