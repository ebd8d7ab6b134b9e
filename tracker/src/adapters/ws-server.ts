import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { CLOSE, LIMITS, parseChannelId } from '@shoal/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ServerConfig } from '../config.ts';
import type { Effect, Input, TrackerCore } from '../core/index.ts';
import { AddressHasher, type AddressKeys, clientAddress } from './address.ts';
import { Connection } from './connection.ts';
import { handleStatusRequest } from './http-status.ts';

/** An HTTP request that is not complete by then is cut off. */
const UPGRADE_MS = 5_000;
/** Sockets beyond the WebSockets: status requests, and upgrades under way. */
const SPARE_SOCKETS = 1_000;
const SWEEP_MS = 1_000;
/** How long sockets may take to close when the server goes down. */
const DRAIN_MS = 500;

/** Hosts a `TrackerCore` on WebSockets: the only place of the tracker that touches the network. */
export class WsServer {
  readonly #core: TrackerCore<Connection>;
  readonly #config: ServerConfig;
  readonly #http: Server;
  readonly #upgrades = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: LIMITS.webTorrentMessageBytes,
    perMessageDeflate: false,
    // Answered by Connection, which bounds what waits for a reader that does not read.
    autoPong: false,
  });
  readonly #connections = new Map<Connection, AddressKeys>();
  readonly #perAddress = new Map<string, number>();
  readonly #addresses = new AddressHasher();
  readonly #dirty = new Set<Connection>();
  #sweeper: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  constructor(core: TrackerCore<Connection>, config: ServerConfig) {
    this.#core = core;
    this.#config = config;
    this.#http = createServer(
      {
        connectionsCheckingInterval: SWEEP_MS,
        headersTimeout: UPGRADE_MS,
        requestTimeout: UPGRADE_MS,
        keepAliveTimeout: UPGRADE_MS,
      },
      (request, response) => {
        handleStatusRequest(request, response, {
          totals: () => core.totals(),
          channel: (id) => core.channel(id),
        });
      },
    );
    this.#http.on('upgrade', (request, socket, head) => {
      this.#upgrade(request, socket, head);
    });
    this.#http.maxConnections = config.connections + SPARE_SOCKETS;
    this.#http.on('error', (error) => {
      config.log('error', 'server error', { error: error.message });
    });
    this.#http.on('clientError', (_, socket) => {
      socket.destroy();
    });
  }

  /** Resolves with the port once connections are taken; rejects with the error of `listen`. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(port, host, () => {
        this.#http.off('error', reject);
        this.#sweeper = setInterval(() => {
          this.#sweep();
        }, SWEEP_MS);
        // The address of a listening TCP server is never a path.
        resolve((this.#http.address() as AddressInfo).port);
      });
    });
  }

  /** Feeds the core one input and does what it asks for. */
  step(input: Input<Connection>): void {
    for (const effect of this.#core.step(input, Date.now())) this.#run(effect);
  }

  /** Tells everybody to come back later, and stops; the same promise each time. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      clearInterval(this.#sweeper);
      const now = Date.now();
      for (const connection of this.#connections.keys())
        connection.close(CLOSE.goingAway, 'the tracker is going down', now);
      const cut = setTimeout(() => {
        for (const connection of this.#connections.keys()) connection.terminate();
        this.#http.closeAllConnections();
      }, DRAIN_MS);
      this.#http.close(() => {
        clearTimeout(cut);
        resolve();
      });
      this.#http.closeIdleConnections();
    });
    return this.#closed;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', ignoreSocketError);
    const keys = this.#addresses.keys(
      clientAddress(
        {
          remoteAddress: request.socket.remoteAddress,
          forwardedFor: request.headersDistinct['x-forwarded-for']?.join(','),
        },
        this.#config.trustedProxies,
      ),
    );
    const refusal = this.#refusal(request, keys);
    if (refusal !== undefined) {
      this.#config.log('info', 'connection refused', { status: refusal, network: keys.network });
      // Nobody reads an upgraded socket that is refused: its end would never be seen, and a client
      // that keeps its side open would keep the place of another, and close() waiting.
      socket.once('finish', () => socket.destroy());
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#upgrades.handleUpgrade(request, socket, head, (ws) => {
      this.#accept(ws, { request, keys });
    });
  }

  /** The status line for a connection that is not wanted. */
  #refusal(request: IncomingMessage, keys: AddressKeys): string | undefined {
    const { allowedOrigins, connections, connectionsPerAddress } = this.#config;
    if (this.#closed !== undefined || this.#connections.size >= connections)
      return '503 Service Unavailable';
    if (allowedOrigins?.has(request.headers.origin ?? '') === false) return '403 Forbidden';
    const open = this.#perAddress.get(keys.address) ?? 0;
    return open >= connectionsPerAddress ? '429 Too Many Requests' : undefined;
  }

  #accept(
    ws: WebSocket,
    of: { readonly request: IncomingMessage; readonly keys: AddressKeys },
  ): void {
    const { request, keys } = of;
    const connection = new Connection(ws, request.socket, Date.now());
    this.#connections.set(connection, keys);
    this.#perAddress.set(keys.address, (this.#perAddress.get(keys.address) ?? 0) + 1);
    const channel = parseChannelId(queryOf(request.url).get('channel'));
    const origin = { ...keys, channel: channel.ok ? channel.value : undefined };
    this.step({ type: 'connected', from: connection, origin });
    ws.on('message', (data, isBinary) => {
      if (connection.closing) return;
      this.step(readMessage(connection, data, isBinary));
    });
    // A frame that breaks RFC 6455 or is too large: ws has closed the socket, the core need not wait for it.
    ws.on('error', (error) => {
      this.#config.log('debug', 'socket error', { error: error.message });
      connection.close(CLOSE.protocolViolation, 'bad frame', Date.now());
      this.step({ type: 'closed', from: connection });
    });
    ws.on('close', () => {
      this.#forget(connection);
    });
  }

  #forget(connection: Connection): void {
    const keys = this.#connections.get(connection);
    if (keys === undefined) return;
    this.#connections.delete(connection);
    this.#dirty.delete(connection);
    const others = (this.#perAddress.get(keys.address) ?? 1) - 1;
    if (others > 0) this.#perAddress.set(keys.address, others);
    else this.#perAddress.delete(keys.address);
    this.step({ type: 'closed', from: connection });
  }

  #run(effect: Effect<Connection>): void {
    switch (effect.type) {
      case 'send':
        this.#send(effect.to, Buffer.from(JSON.stringify(effect.message)), effect.droppable);
        break;
      case 'broadcast': {
        const text = Buffer.from(JSON.stringify(effect.message));
        for (const connection of effect.to) this.#send(connection, text, false);
        break;
      }
      case 'close':
        this.#config.log('info', 'connection closed', { code: effect.code, reason: effect.reason });
        effect.to.close(effect.code, effect.reason, Date.now());
        break;
    }
  }

  #send(to: Connection, text: Buffer, droppable: boolean): void {
    if (!to.send(text, droppable)) {
      this.#config.log('info', 'slow reader cut off', {});
      return;
    }
    if (this.#dirty.size === 0)
      setImmediate(() => {
        for (const connection of this.#dirty) connection.flush();
        this.#dirty.clear();
      });
    this.#dirty.add(to);
  }

  #sweep(): void {
    const now = Date.now();
    for (const connection of this.#connections.keys()) connection.sweep(now);
    const deadline = this.#core.deadline();
    if (deadline !== undefined && deadline <= now) this.step({ type: 'tick' });
  }
}

/**
 * A socket that fails is destroyed by itself. A function of the module, since one made in place would keep
 * the whole request for as long as the socket lives.
 */
function ignoreSocketError(): void {}

function readMessage(
  from: Connection,
  data: unknown,
  isBinary: boolean,
): Extract<Input<Connection>, { readonly type: 'message' | 'malformed' }> {
  if (isBinary || !Buffer.isBuffer(data)) return { type: 'malformed', from };
  try {
    const value: unknown = JSON.parse(data.toString('utf8'));
    return { type: 'message', from, value, bytes: data.length };
  } catch {
    return { type: 'malformed', from };
  }
}

function queryOf(url = '/'): URLSearchParams {
  const at = url.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
}
