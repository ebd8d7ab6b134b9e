import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Publisher } from '../../integration/server-origin/publisher.ts';
import { LintedOrigin } from '../../support/lint/lint-origin.ts';
import { type Measurement } from './growth.ts';
import { type OriginHolds, type OriginIsUp } from './origin-process.ts';
import { type LongResult } from './report.ts';

/** How long. */
export type RealRun = {
  readonly minutes: number;
  /** Minutes between measurements. */
  readonly every: number;
  readonly onMeasured: (measurement: Measurement) => void;
};

const MINUTE_MS = 60_000;
/** A publisher stays for so long, and is back after a moment. */
const STAYS_MS = 110_000;
const AWAY_MS = 3_000;
const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-sc_threshold', '0', '-g', '60'];

/** Publishes to an origin in a process of its own with ffmpeg, in real time; publishers leave and return. */
export async function runReal(run: RealRun): Promise<LongResult> {
  const began = performance.now();
  const dataDir = mkdtempSync(join(tmpdir(), 'shoal-long-'));
  const path = fileURLToPath(new URL('origin-process.ts', import.meta.url));
  const origin = fork(path, [dataDir], { execArgv: [...process.execArgv, '--expose-gc'] });
  try {
    const { httpPort, rtmpUrl } = (await answer(origin)) as OriginIsUp; // of our own process
    const base = `http://127.0.0.1:${httpPort}`;
    const watch = new LintedOrigin({ base: () => base, channel: 'long', keptSegments: 60 });
    const measurements: Measurement[] = [];
    const measure = async (minute: number): Promise<void> => {
      origin.send('measure');
      const { heapBytes, rssBytes, ingest } = (await answer(origin)) as OriginHolds;
      const { segments, versions } = watch.linter();
      const measured = {
        ...{ minute, heapBytes, rssBytes, versions, segments: segments.length },
        ...(ingest !== undefined && { ingestRssBytes: rssOf(ingest) }),
        epochs: new Set(segments.map(({ epoch }) => epoch)).size,
        findings: watch.found,
      };
      measurements.push(measured);
      run.onMeasured(measured);
    };
    const endAt = performance.now() + run.minutes * MINUTE_MS;
    const publishing = publish(rtmpUrl, endAt);
    for (let minute = 0; minute <= run.minutes; minute += run.every) {
      const due = endAt - (run.minutes - minute) * MINUTE_MS;
      await sleep(Math.max(0, due - performance.now()));
      await measure(minute);
    }
    const publishedSeconds = (await publishing) / 1000;
    const findings = await watch.finish();
    const { segments, versions } = watch.linter();
    return {
      ...{ measurements, findings, publishedSeconds },
      listedSeconds: segments.reduce((sum, { duration }) => sum + duration, 0),
      secondOpinions: versions,
      decoded: watch.decoded,
      wallSeconds: (performance.now() - began) / 1000,
    };
  } finally {
    origin.kill();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** One publisher after the other until then, B-frames in every second one; returns how long there was one, in ms. */
async function publish(url: string, endAt: number): Promise<number> {
  let publishedMs = 0;
  for (let n = 0; performance.now() < endAt; n++) {
    const from = performance.now();
    const bFrames = ['-bf', String(n % 2 === 0 ? 0 : 2), '-b:v', '350k'];
    const publisher = await Publisher.start(url, {
      ...{ size: '320x180', seconds: 86_400, videoArgs: [...X264, ...bFrames] },
    });
    await sleep(Math.min(STAYS_MS, endAt - from));
    await publisher.stop();
    publishedMs += performance.now() - from;
    await sleep(Math.min(AWAY_MS, Math.max(0, endAt - performance.now())));
  }
  return publishedMs;
}

async function answer(origin: ChildProcess): Promise<unknown> {
  const [message] = (await Promise.race([
    once(origin, 'message'),
    once(origin, 'exit').then(() => {
      throw new Error('the origin ended');
    }),
  ])) as readonly unknown[];
  return message;
}

/** Resident memory of another process (Linux; 0 elsewhere). */
function rssOf(pid: number): number {
  try {
    const [, kilobytes] =
      /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}
