import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from '../../support/until.ts';

const HANDSHAKE = 1 + 2 * 1536;

/** AMF0 values of a command; objects are flat. */
type Amf = string | number | null | readonly string[] | AmfFields;
type AmfFields = Readonly<Record<string, string | number | readonly string[]>>;

function amf(value: Amf): Buffer {
  if (value === null) return Buffer.of(5);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (typeof value === 'string') return Buffer.concat([Buffer.of(2), text(value)]);
  if (isList(value)) {
    const count = Buffer.alloc(5);
    count[0] = 10;
    count.writeUInt32BE(value.length, 1);
    return Buffer.concat([count, ...value.map(amf)]);
  }
  const fields = Object.entries(value).flatMap(([name, field]) => [text(name), amf(field)]);
  return Buffer.concat([Buffer.of(3), ...fields, Buffer.of(0, 0, 9)]);
}

function isList(value: readonly string[] | AmfFields): value is readonly string[] {
  return Array.isArray(value);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes]);
}

/** A body of AMF0 values. */
export function amfBody(...values: readonly Amf[]): Buffer {
  return Buffer.concat(values.map(amf));
}

/** One message as a single chunk, or as chunks of 128 bytes. */
export function rtmpMessage(
  type: number,
  body: Buffer,
  options: {
    readonly chunkStream?: number;
    readonly stream?: number;
    readonly length?: number;
  } = {},
): Buffer {
  const { chunkStream = 3, stream = 0, length = body.length } = options;
  const header = Buffer.alloc(12);
  header[0] = chunkStream;
  header.writeUIntBE(length, 4, 3);
  header[7] = type;
  header.writeUInt32LE(stream, 8);
  const parts: Buffer[] = [header];
  for (let at = 0; at < body.length; at += 128) {
    if (at > 0) parts.push(Buffer.of(0xc0 | chunkStream));
    parts.push(body.subarray(at, at + 128));
  }
  return Buffer.concat(parts);
}

/** A client that speaks RTMP as wrongly as it is told to. */
export class RtmpClient {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]).subarray(-100_000);
    });
    socket.on('end', () => {
      this.#ended = true;
    });
    socket.on('close', () => {
      this.#closed = true;
    });
  }

  /** A connection that has said nothing yet. It stays half open when the server ends its side. */
  static async connect(port: number): Promise<RtmpClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const client = new RtmpClient(socket);
    await once(socket, 'connect');
    return client;
  }

  /** After the handshake. */
  static async shaken(port: number): Promise<RtmpClient> {
    const client = await RtmpClient.connect(port);
    client.send(Buffer.concat([Buffer.of(3), Buffer.alloc(1536)]));
    const what = 'the handshake of the server';
    await until(() => client.#received.length >= HANDSHAKE, { what, timeoutMs: 5_000 });
    client.send(Buffer.alloc(1536));
    return client;
  }

  /** After connect, whose object may say more, and createStream. */
  static async connected(port: number, app = 'live', more: AmfFields = {}): Promise<RtmpClient> {
    const client = await RtmpClient.shaken(port);
    const tcUrl = `rtmp://127.0.0.1:${port}/${app}`;
    client.command('connect', 1, { app, tcUrl, ...more });
    client.command('createStream', 2, null);
    await client.hears('_result');
    return client;
  }

  /** Whether the server has ended the connection. */
  get closed(): boolean {
    return this.#ended || this.#closed;
  }

  send(bytes: Buffer): void {
    if (!this.#closed) this.#socket.write(bytes);
  }

  /** Resolves when the kernel has taken everything, or the connection is over. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.closed) resolve();
      else
        this.#socket.write(Buffer.of(0), () => {
          resolve();
        });
    });
  }

  command(...values: readonly Amf[]): void {
    this.send(rtmpMessage(20, amfBody(...values), { stream: 1 }));
  }

  publish(name: string): void {
    this.command('publish', 3, null, name, 'live');
  }

  /** Whether the server has said this. */
  heard(words: string): boolean {
    return this.#received.includes(words);
  }

  async hears(words: string): Promise<void> {
    await until(() => this.heard(words), { what: `the server to say ${words}`, timeoutMs: 5_000 });
  }

  /** Resolves when the server has ended the connection. */
  async ends(timeoutMs = 3_000): Promise<void> {
    await until(() => this.closed, { what: 'the server to hang up', timeoutMs });
  }

  /** Resolves when what is sent in spite of that is met with a reset. */
  async isReset(more: () => void): Promise<void> {
    await until(
      () => {
        more();
        return this.#closed;
      },
      { what: 'a reset', timeoutMs: 3_000 },
    );
  }

  /** Leaves everything that the server says in the socket. */
  stopReading(): void {
    this.#socket.pause();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
