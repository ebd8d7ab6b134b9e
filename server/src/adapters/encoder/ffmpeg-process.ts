import { ChildProcess } from 'node:child_process';
import { PassThrough, Writable } from 'node:stream';
import ffmpeg from 'fluent-ffmpeg';
import { type Encoder, type EncoderHandlers, type FfmpegCall } from '../../core/index.ts';

/** What to run, and where its warnings go. */
export type FfmpegProcessOptions = {
  readonly path: string;
  readonly call: FfmpegCall;
  /** One line of ffmpeg's standard error. */
  readonly onLog: (line: string) => void;
};

/** A process whose input has ended is terminated when it writes nothing for so long, */
const IDLE_MS = 2_000;
/** at the latest after so long, */
const FINISH_MS = 30_000;
/** and killed when it is still there after so much more. */
const KILL_MS = 2_000;
/** How long output that was written before the process ended may take to arrive. */
const DRAIN_MS = 1_000;

/**
 * Asks ffmpeg once for what it can do, which fluent-ffmpeg would otherwise do when the first publisher
 * is waiting. The answer and the path belong to the whole process: all origins of one process should
 * use the same ffmpeg.
 */
export function primeFfmpeg(path: string): Promise<void> {
  return new Promise((resolve) => {
    const command = ffmpeg().setFfmpegPath(path);
    // Failures show again, and are handled, when an encoder starts.
    command.availableFormats(() => {
      command.availableEncoders(() => {
        resolve();
      });
    });
  });
}

/** Starts ffmpeg with its input and output as streams of this process. */
export function startFfmpeg(options: FfmpegProcessOptions, handlers: EncoderHandlers): Encoder {
  const input = new PassThrough({ highWaterMark: 256 * 1024 });
  input.on('drain', handlers.onDrain);
  const outcome = new Outcome(handlers.onExit);
  // Without 'close', which makes fluent-ffmpeg report a failure 20 ms later.
  const output = new Writable({
    emitClose: false,
    write: (chunk: Buffer, _encoding, taken) => {
      process.progressed();
      handlers.onData(chunk);
      taken();
    },
    final: (done) => {
      done();
      outcome.drained();
    },
  });
  const { call } = options;
  const command = ffmpeg({ stdoutLines: 20 }).setFfmpegPath(options.path);
  command.input(call.from ?? input);
  command.inputFormat(call.inputFormat);
  for (const option of call.input) command.inputOptions(...present(option));
  command.output(output).format(call.outputFormat);
  for (const option of call.output) command.outputOptions(...present(option));
  const process = new RunningFfmpeg(command, input);
  const ended = (detail: string): void => {
    process.gone();
    outcome.ended(detail);
  };
  command.on('start', () => {
    process.started();
  });
  command.on('stderr', (line: string) => {
    outcome.say(line);
    if (line !== '') options.onLog(line);
  });
  command.on('end', () => {
    ended('end of input');
  });
  command.on('error', (error: Error) => {
    ended(error.message);
    if (!process.spawned) outcome.drained();
  });
  command.run();
  return process;
}

function present([name, value]: readonly [string, string?]): [string, ...string[]] {
  return value === undefined ? [name] : [name, value];
}

/** One exit for what the process and its output report apart. */
class Outcome {
  readonly #onExit: (detail: string) => void;
  #detail: string | undefined;
  #lastWords = '';
  #drained = false;
  #told = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(onExit: (detail: string) => void) {
    this.#onExit = onExit;
  }

  say(line: string): void {
    if (line !== '') this.#lastWords = line.slice(0, 200);
  }

  drained(): void {
    this.#drained = true;
    if (this.#detail !== undefined) this.#tell(this.#detail);
  }

  ended(detail: string): void {
    if (this.#detail !== undefined) return;
    const [first = ''] = detail.split('\n', 1);
    this.#detail = this.#lastWords === '' ? first : `${first}: ${this.#lastWords}`;
    const told = this.#detail;
    if (this.#drained) this.#tell(told);
    else
      this.#timer = setTimeout(() => {
        this.#tell(told);
      }, DRAIN_MS);
  }

  #tell(detail: string): void {
    if (this.#told) return;
    this.#told = true;
    clearTimeout(this.#timer);
    this.#onExit(detail);
  }
}

class RunningFfmpeg implements Encoder {
  readonly #command: ReturnType<typeof ffmpeg>;
  readonly #input: PassThrough;
  readonly #timers: NodeJS.Timeout[] = [];
  #idle: NodeJS.Timeout | undefined;
  #process: ChildProcess | undefined;
  #state: 'running' | 'finishing' | 'killed' | 'gone' = 'running';

  constructor(command: ReturnType<typeof ffmpeg>, input: PassThrough) {
    this.#command = command;
    this.#input = input;
  }

  get spawned(): boolean {
    return this.#process !== undefined;
  }

  readonly pid = (): number | undefined =>
    this.#state === 'gone' ? undefined : this.#process?.pid;

  readonly write = (bytes: Uint8Array): number => {
    if (this.#state === 'running') this.#input.write(bytes);
    return this.#input.writableLength + this.#input.readableLength;
  };

  readonly finish = (): void => {
    if (this.#state !== 'running') return;
    this.#state = 'finishing';
    this.#input.end();
    this.#idle = this.#after(IDLE_MS, this.#insist);
    this.#after(FINISH_MS, this.#insist);
  };

  /** It has written something: short of CPU it may need a while for what it was given. */
  progressed(): void {
    this.#idle?.refresh();
  }

  readonly #insist = (): void => {
    this.#idle = undefined;
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    this.#process?.kill('SIGTERM');
    this.#after(KILL_MS, () => this.#process?.kill('SIGKILL'));
  };

  #after(ms: number, run: () => void): NodeJS.Timeout {
    const timer = setTimeout(run, ms);
    this.#timers.push(timer);
    return timer;
  }

  readonly kill = (): void => {
    if (this.#state === 'killed' || this.#state === 'gone') return;
    this.#state = 'killed';
    this.#process?.kill('SIGKILL');
  };

  /** The process is there: fluent-ffmpeg starts it a moment after `run`. */
  started(): void {
    const process: unknown = Reflect.get(this.#command, 'ffmpegProc');
    if (!(process instanceof ChildProcess)) return;
    this.#process = process;
    if (this.#state === 'killed') process.kill('SIGKILL');
  }

  gone(): void {
    this.#state = 'gone';
    for (const timer of this.#timers) clearTimeout(timer);
    this.#input.destroy();
  }
}
