import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Service, type ServiceOptions, startService } from '@shoal/server';
import { WebSocket } from 'ws';
import { until } from '../../support/until.ts';

/** What the service answered. */
export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed; undefined for an empty one. */
  readonly body: unknown;
};

/** Who asks, and with what. */
export type Call = {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A message of a feed. */
export type Told = Readonly<Record<string, unknown>> & { readonly type: string };

/** A real service with a database of its own. */
export class TestService {
  readonly folder: string;
  readonly #options: Partial<ServiceOptions>;
  readonly #readers: TestReader[] = [];
  #service: Service | undefined;
  #admin = '';
  #elsewhere: (() => { readonly port: number; readonly admin: string }) | undefined;

  private constructor(options: Partial<ServiceOptions>) {
    this.folder = mkdtempSync(join(tmpdir(), 'shoal-service-'));
    this.#options = options;
  }

  static async start(options: Partial<ServiceOptions> = {}): Promise<TestService> {
    const test = new TestService(options);
    await test.up();
    return test;
  }

  /** Speaks to one that runs in another process; where it is, is asked each time. */
  static elsewhere(where: () => { readonly port: number; readonly admin: string }): TestService {
    const test = new TestService({});
    test.#elsewhere = where;
    return test;
  }

  /** Starts it, or starts it again with the same database. */
  async up(): Promise<void> {
    this.#service = await startService({
      http: { host: '127.0.0.1', port: 0 },
      database: { type: 'sqlite', file: join(this.folder, 'shoal.db') },
      logLevel: 'silent',
      ...this.#options,
    });
    this.#admin = this.#service.adminToken ?? this.#admin;
  }

  async down(): Promise<void> {
    await this.#service?.close();
    this.#service = undefined;
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) reader.close();
    await this.down();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The operator's token. */
  get admin(): string {
    return this.#elsewhere?.().admin ?? this.#admin;
  }

  /** Where another service of the same database has made it. */
  useAdmin(token: string): void {
    this.#admin = token;
  }

  /** The service itself, where it is in this process. */
  get service(): Service {
    if (this.#service === undefined) throw new Error('the service is down');
    return this.#service;
  }

  get port(): number {
    return this.#elsewhere?.().port ?? this.#service?.port ?? 0;
  }

  get metricsPort(): number | undefined {
    return this.#service?.metricsPort;
  }

  async call(method: string, path: string, { token, body, headers }: Call = {}): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed: unknown = text === '' ? undefined : JSON.parse(text);
    return { status: response.status, headers: response.headers, body: parsed };
  }

  /** A token for somebody with an account. */
  async tokenOf(user: string, name: string = user): Promise<string> {
    const { body } = await this.call('POST', '/v1/auth/tokens', {
      token: this.admin,
      body: { user, name },
    });
    return field(body, 'token');
  }

  /** A token for a guest. */
  async guest(name = 'Guest'): Promise<string> {
    return field((await this.call('POST', '/v1/auth/guest', { body: { name } })).body, 'token');
  }

  /** Makes a channel of somebody. */
  async makeChannel(id: string, owner: string | null = null): Promise<void> {
    const made = await this.call('POST', '/v1/channels', {
      token: this.admin,
      body: { id, owner },
    });
    if (made.status !== 201) throw new Error(`channel ${id}: ${JSON.stringify(made.body)}`);
  }

  /** Reads a feed; resolves when it was welcomed. */
  async read(
    channel: string,
    of: {
      readonly audience?: string;
      readonly after?: number;
      readonly token?: string;
      readonly watching?: '0';
    } = {},
  ): Promise<TestReader> {
    const query = new URLSearchParams({
      channel,
      audience: of.audience ?? 'viewers',
      ...(of.after !== undefined && { after: String(of.after) }),
      ...(of.token !== undefined && { token: of.token }),
      ...(of.watching !== undefined && { watching: of.watching }),
    });
    const reader = new TestReader(
      new WebSocket(`ws://127.0.0.1:${this.port}/v1/events?${query.toString()}`),
    );
    this.#readers.push(reader);
    await reader.welcomed();
    return reader;
  }
}

/** Somebody who reads a feed. */
export class TestReader {
  readonly socket: WebSocket;
  /** Everything that it was told, welcome and keepalives left out. */
  readonly told: Told[] = [];
  /** Code of its close. */
  closed: number | undefined;
  #welcome: Told | undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', (code) => (this.closed = code));
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Told;
      if (message.type === 'welcome') this.#welcome = message;
      else if (message.type !== 'keepalive') this.told.push(message);
    });
  }

  async welcomed(): Promise<Told> {
    await until(() => Promise.resolve(this.#welcome !== undefined || this.closed !== undefined), {
      what: 'a welcome',
    });
    if (this.#welcome === undefined) throw new Error(`closed with ${String(this.closed)}`);
    return this.#welcome;
  }

  /** Waits until it was told so much of this type. */
  async of(type: string, count = 1): Promise<readonly Told[]> {
    const found = (): readonly Told[] => this.told.filter((message) => message.type === type);
    await until(() => Promise.resolve(found().length >= count), { what: `${count} of ${type}` });
    return found();
  }

  say(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  close(): void {
    this.socket.terminate();
  }
}

/** How a connection to a feed is refused: the status of its answer. */
export async function refusalOf(url: string): Promise<number> {
  const socket = new WebSocket(url);
  const [, response] = (await once(socket, 'unexpected-response')) as [
    unknown,
    { readonly statusCode: number },
  ];
  socket.on('error', () => undefined);
  socket.terminate();
  return response.statusCode;
}

/** A text field of an answer. */
export function field(body: unknown, name: string): string {
  const value: unknown = new Map<string, unknown>(Object.entries(Object(body) as object)).get(name);
  if (typeof value !== 'string') throw new Error(`no ${name} in ${JSON.stringify(body)}`);
  return value;
}
