import { type ClientOptions, WebSocket } from 'ws';
import { until } from '../../support/until.ts';

type Message = Readonly<Record<string, unknown>>;

/** A WebSocket that says whatever a test wants and keeps all it is told. */
export class RawClient {
  readonly ws: WebSocket;
  readonly received: Message[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  error: Error | undefined;

  constructor(port: number, options: ClientOptions & { readonly path?: string } = {}) {
    this.ws = new WebSocket(`ws://127.0.0.1:${String(port)}${options.path ?? '/'}`, options);
    this.ws.on('message', (data: Buffer) => {
      this.received.push(JSON.parse(data.toString()) as Message);
    });
    this.ws.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
    this.ws.on('error', (error) => {
      this.error = error;
    });
  }

  /** Connects; throws when the server refuses. */
  static async open(
    port: number,
    options: ClientOptions & { readonly path?: string } = {},
  ): Promise<RawClient> {
    const client = new RawClient(port, options);
    await until(() => client.ws.readyState !== WebSocket.CONNECTING, { what: 'connected' });
    if (client.ws.readyState !== WebSocket.OPEN)
      throw new Error(client.error?.message ?? 'not connected');
    return client;
  }

  /** Connects and joins `channel`. */
  static async join(
    port: number,
    channel = 'demo',
    options: ClientOptions = {},
  ): Promise<RawClient> {
    const client = await RawClient.open(port, options);
    client.say({ action: 'join', version: 1, channel, shares: true });
    await client.next('welcome');
    return client;
  }

  say(message: unknown): void {
    this.ws.send(JSON.stringify(message));
  }

  update(fields: Message = {}): void {
    const window = { rendition: 'source', epoch: 1, lo: 0, hi: -1, next: 10, neighbours: 0 };
    this.say({
      action: 'update',
      ...window,
      want: 8,
      shares: true,
      received: [],
      bad: [],
      ...fields,
    });
  }

  all(action: string): readonly Message[] {
    return this.received.filter((message) => message['action'] === action);
  }

  /** The `count`-th message with this action, waiting for it. */
  async next(action: string, count = 1): Promise<Message> {
    await until(() => this.all(action).length >= count, { what: `${action} (${String(count)})` });
    return this.all(action)[count - 1] ?? {};
  }

  async end(): Promise<void> {
    this.ws.close();
    await until(() => this.ws.readyState === WebSocket.CLOSED, { what: 'closed' });
  }
}
