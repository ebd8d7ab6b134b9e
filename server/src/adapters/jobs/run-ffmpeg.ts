import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { ORIGIN_LIMITS } from '../../core/index.ts';

/** An ffmpeg to run to its end. */
export type FfmpegRun = {
  readonly path: string;
  readonly args: readonly string[];
  /** The folder that it runs in. Default: that of this process. */
  readonly cwd?: string;
  /** What it reads from its standard input. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Kills it. */
  readonly signal: AbortSignal;
  /** The most that it may write to its standard output. */
  readonly maxOutputBytes: number;
  /** Told each line of its standard output, which then is not kept. */
  readonly onLine?: (line: string) => void;
};

/**
 * Runs ffmpeg, whose turn it is when nobody else wants the CPU; resolves with what it wrote to its standard output. Rejects with the
 * reason in its words when it fails, when its input does, or when it writes too much; the process is gone in any case.
 */
export async function runFfmpeg(run: FfmpegRun): Promise<Buffer> {
  run.signal.throwIfAborted();
  const child = spawn(run.path, run.args, {
    ...{ stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true },
    ...(run.cwd !== undefined && { cwd: run.cwd }),
  });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  run.signal.addEventListener('abort', kill);
  try {
    if (child.pid !== undefined) beNice(child.pid);
    const closed = closing(child);
    const said = lastWords(child);
    const output = collect(child, run).catch((error: unknown) => {
      kill();
      return error as Error;
    });
    const fed = feed(child, run.input).then(
      () => undefined,
      (error: unknown) => {
        kill();
        return error as Error;
      },
    );
    const end = await closed;
    const [out, failure] = await Promise.all([output, fed]);
    run.signal.throwIfAborted();
    if (failure !== undefined) throw failure;
    if (out instanceof Error) throw out;
    if (end !== undefined) throw new Error(`${end}${said() === '' ? '' : `: ${said()}`}`);
    return out;
  } finally {
    run.signal.removeEventListener('abort', kill);
  }
}

function beNice(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It may have ended already; and where it is not allowed it is as urgent as all else.
  }
}

/** How it ended; undefined where that was well. */
function closing(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      resolve(`ffmpeg cannot be started: ${error.message}`);
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve(undefined);
      else
        resolve(signal === null ? `ffmpeg failed (${String(code)})` : `ffmpeg died of ${signal}`);
    });
  });
}

/** The last line that it said. */
function lastWords(child: ChildProcess): () => string {
  let words = '';
  if (child.stderr !== null)
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (line.trim() !== '') words = line.trim().slice(0, ORIGIN_LIMITS.jobReasonChars);
    });
  return () => words;
}

async function collect(
  { stdout }: ChildProcess,
  { maxOutputBytes, onLine }: FfmpegRun,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  if (stdout === null) return Buffer.alloc(0);
  if (onLine !== undefined) {
    for await (const line of createInterface({ input: stdout })) onLine(line);
    return Buffer.alloc(0);
  }
  let bytes = 0;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxOutputBytes) throw new Error('ffmpeg writes more than was asked for');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Gives it its input as it takes it. One that has seen enough does not read to the end. */
async function feed(child: ChildProcess, input: AsyncIterable<Uint8Array>): Promise<void> {
  const { stdin } = child;
  if (stdin === null) return;
  const gone = new AbortController();
  stdin.on('error', () => {
    gone.abort();
  });
  child.once('close', () => {
    gone.abort();
  });
  child.once('error', () => {
    gone.abort();
  });
  for await (const chunk of input) {
    if (gone.signal.aborted) return;
    if (stdin.write(chunk)) continue;
    await once(stdin, 'drain', { signal: gone.signal }).catch(() => undefined);
  }
  if (!gone.signal.aborted) stdin.end();
}
