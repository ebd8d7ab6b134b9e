import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type ServiceOptions } from '@shoal/server';

const PROGRAM = fileURLToPath(new URL('service-with-options.ts', import.meta.url));

type Begun = { readonly port: number; readonly adminToken?: string };

/** A broadcast service in a process of its own. */
export class KillableService {
  readonly #process: ChildProcess;
  readonly port: number;
  /** Of the first process of a database. */
  readonly adminToken: string | undefined;

  private constructor(process: ChildProcess, { port, adminToken }: Begun) {
    this.#process = process;
    this.port = port;
    this.adminToken = adminToken;
  }

  static async start(
    options: ServiceOptions,
    env: NodeJS.ProcessEnv = {},
  ): Promise<KillableService> {
    const child = fork(PROGRAM, [JSON.stringify(options)], {
      execArgv: ['--import', 'tsx', '--conditions=@shoal/source'],
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const failed = once(child, 'exit').then(() => {
      throw new Error('the service did not start');
    });
    const [begun] = (await Promise.race([once(child, 'message'), failed])) as [Begun];
    failed.catch(() => undefined);
    return new KillableService(child, begun);
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
