import { type ChildProcess, spawn } from 'node:child_process';
import type { PictureSize } from './config.ts';
import { patternArgs } from './pattern-args.ts';
import { nextDelay } from './restart-delay.ts';

const KILL_AFTER_MS = 2_000;
const STDERR_BYTES = 2_000;
/** How often it is looked whether the other publisher has left. */
const LOOK_MS = 500;

/** What {@link startPattern} needs. */
export type PatternOptions = {
  readonly ffmpegPath: string;
  readonly size: PictureSize;
  /** RTMP URL, stream key included. */
  readonly url: string;
  /** Told of each end of ffmpeg that nobody asked for; `detail` never holds the URL. */
  readonly onExit: (detail: { readonly reason: string; readonly restartMs: number }) => void;
  /**
   * Whether somebody else publishes to the channel: the pattern waits until they have left, since the
   * same key would take the channel from them again (ORG-8).
   */
  readonly isTaken: () => boolean;
  /** Told once each time it begins to wait for that. */
  readonly onTaken: () => void;
};

/** A publisher of the test pattern. */
export type Pattern = {
  /** Of the ffmpeg that runs now. */
  readonly pid: () => number | undefined;
  /** Ends ffmpeg and waits for it. Idempotent. */
  readonly close: () => Promise<void>;
};

/**
 * Publishes the test pattern with an ffmpeg of its own, started again with back-off whenever it ends and
 * nobody else publishes.
 */
export function startPattern(options: PatternOptions): Pattern {
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let failures = 0;

  const start = (): void => {
    const startedAt = Date.now();
    let stderr = '';
    let ended = false;
    const current = spawn(options.ffmpegPath, patternArgs(options.size, options.url), {
      stdio: ['ignore', 'ignore', 'pipe'],
      // A Ctrl+C in the terminal goes to its whole process group; when this one ends is up to us.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    child = current;
    current.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_BYTES);
    });
    const onEnd = (reason: string): void => {
      if (ended) return;
      ended = true;
      child = undefined;
      if (closed) return;
      const next = nextDelay({ failures, ranMs: Date.now() - startedAt });
      failures = next.failures;
      const said = stderr.replaceAll(options.url, 'rtmp://…').trim().split('\n').at(-1) ?? '';
      options.onExit({ reason: said === '' ? reason : said, restartMs: next.delayMs });
      timer = setTimeout(startUnlessTaken, next.delayMs);
    };
    // A binary that cannot be run gives `error` and no `exit`.
    current.once('error', (error) => {
      onEnd(error.message);
    });
    current.once('close', (code, signal) => {
      onEnd(`ffmpeg ended with ${signal ?? `code ${String(code)}`}`);
    });
  };

  let waiting = false;
  const startUnlessTaken = (): void => {
    const taken = options.isTaken();
    if (taken && !waiting) options.onTaken();
    waiting = taken;
    if (taken) timer = setTimeout(startUnlessTaken, LOOK_MS);
    else start();
  };

  start();
  return {
    pid: () => child?.pid,
    close: async () => {
      closed = true;
      clearTimeout(timer);
      if (child !== undefined) await end(child);
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  await new Promise<void>((resolve) => {
    const kill = setTimeout(() => {
      child.kill('SIGKILL');
    }, KILL_AFTER_MS);
    child.once('exit', () => {
      clearTimeout(kill);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
