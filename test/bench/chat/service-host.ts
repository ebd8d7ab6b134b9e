import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type ServiceOptions } from '@shoal/server';

/** Memory of the service after garbage collection: its heap with buffers, and all of it. */
export type Memory = { readonly heapBytes: number; readonly rssBytes: number };

const PROGRAM = fileURLToPath(new URL('service-process.ts', import.meta.url));

/** A process of the service. The first one of a database makes a channel `bench`. */
export class ServiceHost {
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly admin: string;

  private constructor(
    child: ChildProcess,
    { port, adminToken }: { readonly port: number; readonly adminToken: string },
  ) {
    this.#child = child;
    this.#port = port;
    this.admin = adminToken;
  }

  static async start(options: Pick<ServiceOptions, 'database' | 'redis'>): Promise<ServiceHost> {
    const execArgv = [...process.execArgv, '--expose-gc'];
    const child = fork(PROGRAM, [JSON.stringify(options)], { execArgv });
    const [started] = (await once(child, 'message')) as [{ port: number; adminToken?: string }];
    const { port, adminToken = '' } = started;
    const host = new ServiceHost(child, { port, adminToken });
    if (adminToken !== '')
      await host.call('POST', '/v1/channels', { token: adminToken, body: { id: 'bench' } });
    return host;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The answer; rejects where that is no success. */
  async call(
    method: string,
    path: string,
    { token, body }: { readonly token?: string; readonly body: object },
  ): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
      method,
      headers: {
        'Content-Type': 'application/json',
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** The token of a new guest. */
  async guest(): Promise<string> {
    const made = await this.call('POST', '/v1/auth/guest', { body: { name: 'Bench' } });
    return (made as { readonly token: string }).token;
  }

  feedUrl(token: string | undefined): string {
    const of = token === undefined ? '' : `&token=${token}`;
    return `ws://127.0.0.1:${this.#port}/v1/events?channel=bench${of}`;
  }

  async memory(): Promise<Memory> {
    const told = once(this.#child, 'message') as Promise<[Memory]>;
    this.#child.send('memory');
    return (await told)[0];
  }

  async close(): Promise<void> {
    const gone = once(this.#child, 'exit');
    if (this.#child.kill()) await gone;
  }
}
