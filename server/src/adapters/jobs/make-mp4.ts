import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import {
  fragmentsToMp4,
  ORIGIN_LIMITS,
  type Product,
  productPath,
  progressMs,
} from '../../core/index.ts';
import { expectRoom } from '../storage/disk-room.ts';
import { type JobWork } from './job-work.ts';
import { paced } from './paced.ts';
import { runFfmpeg } from './run-ffmpeg.ts';
import { type Run } from './vod-source.ts';

/** How much of the work ffmpeg's is; the rest is to store what it made. */
const MAKING = 0.8;
/** The index of an MP4, which a movie of fragments does not have: some bytes a frame. */
const INDEX_SHARE = 0.05;
const LOOK_MS = 5_000;
const READ_BYTES = 1_048_576;

/**
 * Makes an MP4 file of each run of a broadcast: what has one picture size, codec and configuration can be copied into one. What the
 * store has already is not made again.
 */
export async function makeMp4(work: JobWork): Promise<readonly Product[]> {
  const { source, media } = work;
  const runs = await source.runs(media.segments);
  if (runs.length > ORIGIN_LIMITS.mp4Files)
    throw new Error(
      `picture or sound changed ${runs.length - 1} times, which would be more than ${ORIGIN_LIMITS.mp4Files} files`,
    );
  const all = runs.reduce((sum, run) => sum + bytesOf(run), 0);
  const products: Product[] = [];
  let done = 0;
  for (const [i, run] of runs.entries()) {
    const bytes = bytesOf(run);
    const onProgress = (fraction: number): void => {
      work.onProgress((done + fraction * bytes) / Math.max(1, all));
    };
    products.push(await makeOne({ ...work, onProgress }, run, i + 1));
    done += bytes;
  }
  return products;
}

async function makeOne(work: JobWork, run: Run, number: number): Promise<Product> {
  const { channel, broadcast, store, temp, signal } = work;
  const path = productPath(channel, broadcast, { kind: 'mp4', number });
  const beginMs = run.segments[0]?.beginMs ?? 0;
  const last = run.segments.at(-1);
  const durationMs = last === undefined ? 0 : last.beginMs + last.durationMs - beginMs;
  const product = { kind: 'mp4', number, beginMs, durationMs } as const;
  const there = await store.open(path);
  if (there !== undefined) return { ...product, size: there.size };
  await expectRoom(temp, Math.ceil(bytesOf(run) * (1 + INDEX_SHARE)));
  const name = `${randomUUID()}.mp4`;
  const file = join(temp, name);
  const stop = watchFile(file, work.onAlive);
  try {
    await runFfmpeg({
      ...{ path: work.ffmpegPath, args: fragmentsToMp4(name), signal, maxOutputBytes: 0 },
      // What it says when it fails has no path of this machine in it.
      cwd: temp,
      input: paced(work.source.movie(run)),
      onLine: (line) => {
        const ms = progressMs(line);
        if (ms !== undefined) work.onProgress((MAKING * ms) / Math.max(1, durationMs));
      },
    });
    const { size } = await stat(file);
    const read = (from: number, to: number): AsyncIterable<Uint8Array> =>
      paced(
        createReadStream(file, { start: from, end: to - 1, highWaterMark: READ_BYTES }),
        (bytes) => {
          put += bytes;
          work.onProgress(MAKING + ((1 - MAKING) * put) / size);
        },
      );
    let put = 0;
    await store.putFrom(path, { size, read }, signal);
    return { ...product, size };
  } finally {
    stop();
    await rm(file, { force: true });
  }
}

/** Tells while a file is written to: ffmpeg says nothing while it moves the index of a large one to its beginning. */
function watchFile(file: string, onAlive: () => void): () => void {
  let seen = 0;
  const look = async (): Promise<void> => {
    const { mtimeMs } = await stat(file);
    if (mtimeMs !== seen) onAlive();
    seen = mtimeMs;
  };
  const timer = setInterval(() => {
    look().catch(() => undefined);
  }, LOOK_MS).unref();
  return () => {
    clearInterval(timer);
  };
}

function bytesOf({ segments }: Run): number {
  return segments.reduce((sum, { size, soundSize = 0 }) => sum + size + soundSize, 0);
}
