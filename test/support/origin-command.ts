import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** `shoal-origin` in a process of its own, as it was started, and what it said of itself. */
export class OriginCommand {
  readonly #process: ChildProcess;
  /** The line of `--json`. */
  readonly started: Readonly<Record<string, unknown>>;

  readonly #output: () => string;

  private constructor(
    process: ChildProcess,
    started: Readonly<Record<string, unknown>>,
    output: () => string,
  ) {
    this.#output = output;
    this.#process = process;
    this.started = started;
  }

  /** Resolves when it says that it has started; rejects with what it said when it has ended instead. */
  static async start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<OriginCommand> {
    const child = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        '--conditions=@shoal/source',
        'server/src/cli/main.ts',
        ...args,
        '--json',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } },
    );
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const lines = createInterface({ input: child.stdout });
    const started = new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
      lines.on('line', (line) => {
        said += `${line}\n`;
        const told = JSON.parse(line) as Readonly<Record<string, unknown>>;
        if (told['type'] === 'started') resolve(told);
      });
      child.once('exit', (code) => {
        reject(new Error(`exit code ${String(code)}: ${said}`));
      });
    });
    return new OriginCommand(child, await started, () => said);
  }

  /** All that it has said so far, its log included. */
  get output(): string {
    return this.#output();
  }

  /** Where its HTTP is. */
  get url(): string {
    return String(this.started['httpUrl']);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** As a power cut would, but for the machine. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }

  /** As an operator would; its exit code. */
  async stop(): Promise<number | null> {
    if (this.#process.exitCode !== null) return this.#process.exitCode;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await gone;
    return this.#process.exitCode;
  }
}
