import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFfprobe, runFfmpeg, runTool } from '../../support/lint/media-tools.ts';
import { until } from '../../support/until.ts';

/** A job as the status API tells it. */
export type Job = {
  readonly id: string;
  readonly broadcast: number;
  readonly type: string;
  readonly state: string;
  readonly progress: number;
  readonly attempts: number;
  readonly reason?: string;
};

/** What was made of a broadcast, as the status API tells it. */
export type ListedProduct = {
  readonly kind: string;
  readonly path: string;
  readonly size: number;
  readonly beginMs: number;
  readonly durationMs: number;
};

/** A broadcast as the status API tells it. */
export type Recorded = {
  readonly broadcast: number;
  readonly state: string;
  readonly durationMs: number;
  readonly products?: readonly ListedProduct[];
};

/** What ffprobe and a decoder say of an MP4 file. */
export type Mp4 = {
  /** Seconds. */
  readonly duration: number;
  /** Codec and picture size of each track. */
  readonly tracks: readonly string[];
  /** Pictures that were decoded. */
  readonly frames: number;
  /** Everything that the decoder complained about. */
  readonly said: string;
  /** Types of the outermost boxes. */
  readonly boxes: readonly string[];
};

export async function jobsOf(http: string): Promise<readonly Job[]> {
  const response = await fetch(`${http}/v1/streams/demo/jobs`);
  return ((await response.json()) as { jobs: readonly Job[] }).jobs;
}

export async function recordingsOf(http: string): Promise<readonly Recorded[]> {
  const response = await fetch(`${http}/v1/streams/demo/recordings`);
  return ((await response.json()) as { recordings: readonly Recorded[] }).recordings;
}

/** Waits until there are so many jobs, and all of them are over; returns them. */
export async function jobsOver(
  http: string,
  count: number,
  timeoutMs = 60_000,
): Promise<readonly Job[]> {
  let jobs: readonly Job[] = [];
  const over = async (): Promise<boolean> => {
    jobs = await jobsOf(http);
    return jobs.length >= count && jobs.every(({ state }) => ['done', 'failed'].includes(state));
  };
  await until(over, { what: `${count} jobs to be over`, timeoutMs });
  return jobs;
}

/** Waits until something is made of a broadcast; returns what, those of this kind. */
export async function productsOf(http: string, kind: string): Promise<readonly ListedProduct[]> {
  let found: readonly ListedProduct[] = [];
  await until(
    async () => {
      const all = (await recordingsOf(http)).flatMap(({ products = [] }) => products);
      found = all.filter((product) => product.kind === kind);
      return found.length > 0;
    },
    { what: `a product: ${kind}`, timeoutMs: 60_000 },
  );
  return found;
}

export async function bytesAt(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`${url}: status ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

/** Decodes a whole MP4 file, and reads what it says of itself. */
export async function examine(bytes: Buffer): Promise<Mp4> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-mp4-'));
  try {
    const file = join(folder, 'whole.mp4');
    writeFileSync(file, bytes);
    const none = new Uint8Array(0);
    const probe = await findFfprobe();
    if (probe === undefined) throw new Error('no ffprobe');
    const show = ['-v', 'error', '-of', 'json', '-show_streams', '-show_format', file];
    const { out } = await runTool(probe, show, none);
    const { streams, format } = JSON.parse(Buffer.from(out).toString()) as {
      streams: { codec_name: string; width?: number; height?: number }[];
      format: { duration: string };
    };
    const { said } = await runFfmpeg(none, ['-v', 'warning', '-i', file, '-f', 'null', '-']);
    const crc = await runFfmpeg(none, ['-v', 'error', '-i', file, '-an', '-f', 'framecrc', '-']);
    const lines = Buffer.from(crc.out).toString().split('\n');
    return {
      duration: Number(format.duration),
      tracks: streams.map(({ codec_name: codec, width, height }) =>
        width === undefined ? codec : `${codec} ${width}x${height ?? 0}`,
      ),
      frames: lines.filter((line) => line.startsWith('0,')).length,
      said,
      boxes: outermost(bytes),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The pixels of a JPEG: its size, and that of a decoded picture. */
export async function pictureSizeOf(jpeg: Buffer): Promise<string> {
  const probe = await findFfprobe();
  if (probe === undefined) throw new Error('no ffprobe');
  const entries = ['-show_entries', 'stream=codec_name,width,height', '-of', 'csv=p=0'];
  const { out } = await runTool(probe, ['-v', 'error', ...entries, '-'], jpeg);
  return Buffer.from(out).toString().trim();
}

/** Checksums of the sprites of a sheet, row by row. */
export async function spritesOf(
  sheet: Buffer,
  size: { readonly width: number; readonly height: number },
): Promise<readonly string[]> {
  const [, width = 0, height = 0] = (await pictureSizeOf(sheet)).split(',').map(Number);
  const filter = (x: number, y: number): string => `crop=${size.width}:${size.height}:${x}:${y}`;
  const sums: string[] = [];
  for (let y = 0; y < height; y += size.height)
    for (let x = 0; x < width; x += size.width) {
      const args = ['-v', 'error', '-f', 'jpeg_pipe', '-i', 'pipe:0', '-vf', filter(x, y)];
      const { out } = await runFfmpeg(sheet, [...args, '-f', 'framemd5', '-']);
      sums.push(/([0-9a-f]{32})\s*$/.exec(Buffer.from(out).toString())?.[1] ?? '');
    }
  return sums;
}

function outermost(bytes: Buffer): readonly string[] {
  const types: string[] = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const size = bytes.readUInt32BE(at);
    types.push(bytes.toString('latin1', at + 4, at + 8));
    if (size === 1) at += Number(bytes.readBigUInt64BE(at + 8));
    else if (size === 0) break;
    else at += size;
  }
  return types;
}
