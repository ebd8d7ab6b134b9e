import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { findFfmpeg } from '@shoal/server';

/** What a test publisher sends: by default 160×90 at 30 frames/s with sound, a key frame each second. */
export type PublisherOptions = {
  readonly audio?: boolean;
  readonly size?: string;
  readonly gopFrames?: number;
  readonly seconds?: number;
  readonly videoArgs?: readonly string[];
  /** Default: AAC. */
  readonly audioArgs?: readonly string[];
  /** An FLV file to be sent as it is, instead. */
  readonly file?: string;
  /** Default: real time. */
  readonly burst?: boolean;
};

/** A real ffmpeg that publishes over RTMP. */
export class Publisher {
  readonly #process: ChildProcess;
  #log = '';

  private constructor(process: ChildProcess) {
    this.#process = process;
    process.stderr?.on('data', (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString()).slice(-4_000);
    });
  }

  static async start(url: string, options: PublisherOptions = {}): Promise<Publisher> {
    const { audio = true, gopFrames = 30, seconds = 120 } = options;
    const { path } = await findFfmpeg();
    const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100'];
    const picture = `testsrc2=size=${options.size ?? '160x90'}:rate=30:duration=${seconds}`;
    const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-sc_threshold', '0'];
    const made = [
      ...['-f', 'lavfi', '-i', picture],
      ...(audio ? sound : []),
      ...(options.videoArgs ?? [...video, '-g', String(gopFrames), '-b:v', '200k']),
      ...(audio ? [...(options.audioArgs ?? ['-c:a', 'aac', '-b:a', '32k']), '-shortest'] : []),
    ];
    const args = [
      ...['-hide_banner', '-loglevel', 'warning', '-nostdin'],
      ...(options.burst === true ? [] : ['-re']),
      ...(options.file === undefined ? made : ['-i', options.file, '-c', 'copy']),
      ...['-f', url.startsWith('srt:') ? 'mpegts' : 'flv', url],
    ];
    return new Publisher(spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'] }));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** What it said, for failures of tests. */
  get log(): string {
    return this.#log;
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Resolves when it has left; its exit code, or null when a signal ended it. */
  async exit(): Promise<number | null> {
    if (this.running) await once(this.#process, 'exit');
    return this.#process.exitCode;
  }

  /** Ends it as a streamer would. */
  async stop(): Promise<void> {
    if (this.running) this.#process.kill('SIGINT');
    await this.exit();
  }

  /** Ends it as a power cut would. */
  async cut(): Promise<void> {
    if (this.running) this.#process.kill('SIGKILL');
    await this.exit();
  }
}
