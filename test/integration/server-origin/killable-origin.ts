import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type OriginOptions } from '@shoal/server';

const PROGRAM = fileURLToPath(new URL('origin-process.ts', import.meta.url));

type Urls = { readonly http: string; readonly rtmp: string };

/** An origin in a process of its own, with segments of 1 s. */
export class KillableOrigin {
  readonly #process: ChildProcess;
  readonly http: string;
  readonly rtmp: string;

  private constructor(process: ChildProcess, urls: Urls) {
    this.#process = process;
    ({ http: this.http, rtmp: this.rtmp } = urls);
  }

  /** `after`: one that was killed, whose ports it takes. Default: ports that are free. */
  static async start(
    options: Omit<OriginOptions, 'http' | 'rtmp' | 'channels'>,
    after?: KillableOrigin,
  ): Promise<KillableOrigin> {
    const port = (url: string | undefined): number =>
      url === undefined ? 0 : Number(new URL(url).port);
    const ports = { http: port(after?.http), rtmp: port(after?.rtmp) };
    const process = fork(PROGRAM, [JSON.stringify(options), JSON.stringify(ports)], {
      execArgv: ['--import', 'tsx', '--conditions=@shoal/source'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const failed = once(process, 'exit').then(() => {
      throw new Error('the origin did not start');
    });
    const [urls] = (await Promise.race([once(process, 'message'), failed])) as [Urls];
    failed.catch(() => undefined);
    return new KillableOrigin(process, urls);
  }

  /** As a power cut would, but for the machine. */
  async kill(): Promise<void> {
    const gone = once(this.#process, 'exit');
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGKILL');
      await gone;
    }
  }
}
