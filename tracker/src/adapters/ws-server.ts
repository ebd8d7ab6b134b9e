import { setTimeout as wait } from 'node:timers/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CLOSE, parseChannelId } from '@shoal/protocol';
import type { WebSocket } from 'ws';
import type { Cluster, SwitchCommand } from '../cluster.ts';
import type { ServerConfig } from '../config.ts';
import type { Effect, Input, TrackerCore } from '../core/index.ts';
import type { AddressKeys } from './address.ts';
import { Connection } from './connection.ts';
import { Door, queryOf, type Visitor } from './door.ts';
import { HttpApi } from './http-api.ts';
import type { Metrics } from './metrics.ts';
import { Relay } from './relay.ts';
import { RELAY_HEADER, relayPass } from './relay-pass.ts';
import { type Frame, textFrame } from './text-frame.ts';
import type { TokenVerifier } from './token-verifier.ts';

/** An HTTP request that is not complete by then is cut off. */
const UPGRADE_MS = 5_000;
/** Sockets beyond the WebSockets: status requests, and upgrades under way. */
const SPARE_SOCKETS = 1_000;
const SWEEP_MS = 1_000;
/** How long sockets may take to close when the server goes down. */
const DRAIN_MS = 500;
/** How long viewers may take to go to other nodes, and how often it is looked. */
const DRAIN_MOST_MS = 6_000;
const DRAIN_LOOK_MS = 50;

export type WsServerOptions = {
  readonly core: TrackerCore<Connection>;
  readonly config: ServerConfig;
  readonly metrics: Metrics;
  /** Absent: no tokens are asked for. */
  readonly verifier: TokenVerifier | undefined;
  /** Absent: this is the only node. */
  readonly cluster: Cluster | undefined;
};

/** Hosts a `TrackerCore` on WebSockets: the only place of the tracker that touches the network. */
export class WsServer {
  readonly #core: TrackerCore<Connection>;
  readonly #config: ServerConfig;
  readonly #metrics: Metrics;
  readonly #verifier: TokenVerifier | undefined;
  readonly #cluster: Cluster | undefined;
  readonly #http: Server;
  readonly #door: Door;
  readonly #connections = new Map<Connection, AddressKeys>();
  /** The query of those that may have to be relayed, until they have said which dialect they speak. */
  readonly #queries = new Map<Connection, string>();
  #sweeper: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;
  #draining = false;

  constructor({ core, config, metrics, verifier, cluster }: WsServerOptions) {
    this.#core = core;
    this.#config = config;
    this.#metrics = metrics;
    this.#verifier = verifier;
    this.#cluster = cluster;
    this.#door = new Door({
      ...{ config, metrics, verifier, secret: cluster?.secret },
      isClosed: () => this.#closed !== undefined,
      onOpen: (ws, visitor) => {
        this.#accept(ws, visitor);
      },
    });
    const api = new HttpApi(
      {
        totals: () => core.totals(),
        notReady: () => this.#problems(),
        channel: (id) => core.channel(id),
        swarm: (id) => core.swarm(id, Date.now()),
        command: (command) => this.command(command),
        metrics: () => metrics.render(),
      },
      config.adminToken,
    );
    this.#http = createServer(
      {
        connectionsCheckingInterval: SWEEP_MS,
        headersTimeout: UPGRADE_MS,
        requestTimeout: UPGRADE_MS,
        keepAliveTimeout: UPGRADE_MS,
      },
      (request, response) => {
        api.handle(request, response);
      },
    );
    this.#http.on('upgrade', (request, socket, head) => {
      this.#door.knock(request, socket, head);
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

  /** Does what an operator wants, here and at the other nodes; rejects when those could not be told. */
  async command(command: SwitchCommand): Promise<void> {
    this.step(command);
    await this.#cluster?.tell(command);
  }

  /** Sends everybody to other nodes, and answers that it takes no more; resolves when they have gone, or it took too long. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.#cluster?.leave();
    const until = Date.now() + DRAIN_MOST_MS;
    while (this.#cluster !== undefined && this.#core.totals().connections > 0 && Date.now() < until)
      await wait(DRAIN_LOOK_MS);
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

  #accept(ws: WebSocket, { request, keys, relayed, grant }: Visitor): void {
    const connection = new Connection(ws, request.socket, Date.now());
    this.#connections.set(connection, keys);
    const query = queryOf(request.url);
    const channel = parseChannelId(query.get('channel'));
    if (this.#cluster !== undefined && !relayed) this.#queries.set(connection, query.toString());
    const origin = { ...keys, channel: channel.ok ? channel.value : undefined, grant, relayed };
    this.step({ type: 'connected', from: connection, origin });
    ws.on('message', (data, isBinary) => {
      if (connection.closing) return;
      if (connection.relay !== undefined) {
        if (Buffer.isBuffer(data) && !isBinary) connection.relay.forward(data);
        return;
      }
      const message = readMessage(connection, data, isBinary);
      if (message.type === 'message') this.#metrics.received('text', message.bytes);
      else this.#metrics.received('malformed', 0);
      this.step(message);
      this.#queries.delete(connection);
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
    this.#queries.delete(connection);
    connection.relay?.close();
    this.#door.leave(keys);
    this.step({ type: 'closed', from: connection });
  }

  #run(effect: Effect<Connection>): void {
    switch (effect.type) {
      case 'send': {
        const frame = textFrame(JSON.stringify(effect.message));
        this.#metrics.sent(effect.message.action, frame.length, 1);
        this.#send(effect.to, frame, effect.droppable);
        break;
      }
      case 'broadcast': {
        const frame = textFrame(JSON.stringify(effect.message));
        this.#metrics.sent(effect.message.action, frame.length, effect.to.length);
        for (const connection of effect.to) this.#send(connection, frame, false);
        break;
      }
      case 'relay':
        this.#relay(effect);
        break;
      case 'verify':
        void this.#verify(effect);
        break;
      case 'close':
        this.#metrics.closed(effect.code);
        this.#config.log('info', 'connection closed', { code: effect.code, reason: effect.reason });
        effect.to.close(effect.code, effect.reason, Date.now());
        break;
    }
  }

  #relay({
    of: client,
    to,
    message,
  }: Extract<Effect<Connection>, { readonly type: 'relay' }>): void {
    const keys = this.#connections.get(client);
    if (this.#cluster === undefined || keys === undefined) return;
    // Nothing of the client's request but its query: a path could name another host.
    const url = new URL(to);
    url.search = this.#queries.get(client) ?? '';
    client.relay = new Relay({
      client,
      url: url.href,
      headers: { [RELAY_HEADER]: relayPass(keys, this.#cluster.secret) },
      onFailure: (reason) => {
        this.#config.log('warn', 'a relay failed', { node: to, reason });
      },
    });
    client.relay.forward(Buffer.from(JSON.stringify(message)));
  }

  #problems(): readonly string[] {
    const problem = this.#cluster?.problem();
    const going = this.#draining || this.#closed !== undefined ? ['going down'] : [];
    return problem === undefined ? going : [...going, problem];
  }

  async #verify(effect: Extract<Effect<Connection>, { readonly type: 'verify' }>): Promise<void> {
    const verified = await this.#verifier?.verify(effect.token, Date.now());
    const grant = verified?.ok === true ? verified.grant : undefined;
    this.step({ type: 'verified', from: effect.of, grant });
  }

  #send(to: Connection, frame: Frame, droppable: boolean): void {
    if (!to.send(frame, droppable)) this.#config.log('info', 'slow reader cut off', {});
  }

  #sweep(): void {
    const now = Date.now();
    for (const connection of this.#connections.keys()) connection.sweep(now);
    const deadline = this.#core.deadline();
    if (deadline !== undefined && deadline <= now) this.step({ type: 'tick' });
  }
}

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
