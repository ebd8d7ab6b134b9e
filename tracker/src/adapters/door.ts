import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { LIMITS } from '@shoal/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ServerConfig } from '../config.ts';
import type { Grant } from '../core/index.ts';
import { AddressHasher, type AddressKeys, clientAddress } from './address.ts';
import type { Metrics } from './metrics.ts';
import { readRelayPass, RELAY_HEADER } from './relay-pass.ts';
import type { TokenVerifier } from './token-verifier.ts';

/** Whoever was let in. */
export type Visitor = {
  readonly request: IncomingMessage;
  readonly keys: AddressKeys;
  /** By another node, which takes this one for the one that has the channel. */
  readonly relayed: boolean;
  /** What its token says; undefined where none is asked for. */
  readonly grant: Grant | undefined;
};

export type DoorOptions = {
  readonly config: ServerConfig;
  readonly metrics: Metrics;
  readonly verifier: TokenVerifier | undefined;
  /** That the nodes of a tracker share. */
  readonly secret: Buffer | undefined;
  readonly isClosed: () => boolean;
  readonly onOpen: (ws: WebSocket, visitor: Visitor) => void;
};

/** An upgrade that is under way. */
type Upgrade = Omit<Visitor, 'grant'> & { readonly socket: Duplex; readonly head: Buffer };

/** Decides who gets a WebSocket: places in all and by address, sites, tokens (TRK-22). */
export class Door {
  readonly #options: DoorOptions;
  readonly #addresses: AddressHasher;
  readonly #upgrades = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: LIMITS.webTorrentMessageBytes,
    perMessageDeflate: false,
    // Answered by Connection, which bounds what waits for a reader that does not read.
    autoPong: false,
  });
  /** Places taken: connections, and upgrades whose token is being checked. */
  #places = 0;
  readonly #perAddress = new Map<string, number>();

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#addresses = new AddressHasher(options.secret);
  }

  /** Takes a request for a WebSocket, and answers it. */
  knock(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', ignoreSocketError);
    const { secret, verifier } = this.#options;
    const pass = request.headersDistinct[RELAY_HEADER]?.[0];
    const relayed = secret && readRelayPass(pass, secret);
    const keys = relayed ?? this.#keysOf(request);
    const upgrade = { request, socket, head, keys, relayed: relayed !== undefined };
    const refusal = this.#refusal(upgrade);
    if (refusal !== undefined) {
      this.#refuse(upgrade, refusal);
      return;
    }
    this.#places += 1;
    this.#perAddress.set(keys.address, (this.#perAddress.get(keys.address) ?? 0) + 1);
    if (verifier === undefined) this.#open(upgrade, undefined);
    else void this.#authorise(upgrade, verifier);
  }

  /** A visitor has gone: its place is free. */
  leave({ address }: AddressKeys): void {
    this.#places -= 1;
    const others = (this.#perAddress.get(address) ?? 1) - 1;
    if (others > 0) this.#perAddress.set(address, others);
    else this.#perAddress.delete(address);
  }

  #keysOf(request: IncomingMessage): AddressKeys {
    const forwardedFor = request.headersDistinct['x-forwarded-for']?.join(',');
    const { remoteAddress } = request.socket;
    const { trustedProxies } = this.#options.config;
    return this.#addresses.keys(clientAddress({ remoteAddress, forwardedFor }, trustedProxies));
  }

  /** The status line for a connection that is not wanted. */
  #refusal({ request, keys, relayed }: Upgrade): string | undefined {
    const { allowedOrigins, connections, connectionsPerAddress } = this.#options.config;
    if (this.#options.isClosed() || this.#places >= connections) return '503 Service Unavailable';
    // Another node has looked already, and has no origin itself.
    if (!relayed && allowedOrigins?.has(request.headers.origin ?? '') === false)
      return '403 Forbidden';
    const open = this.#perAddress.get(keys.address) ?? 0;
    return open >= connectionsPerAddress ? '429 Too Many Requests' : undefined;
  }

  #refuse({ socket, keys }: Upgrade, status: string, why: object = {}): void {
    const { metrics, config } = this.#options;
    metrics.refused(status.slice(0, 3));
    config.log('info', 'connection refused', { status, network: keys.network, ...why });
    // Nobody reads an upgraded socket that is refused: its end would never be seen, and a client
    // that keeps its side open would keep the place of another, and close() waiting.
    socket.once('finish', () => socket.destroy());
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }

  /** Checks the token before there is a WebSocket. */
  async #authorise(upgrade: Upgrade, verifier: TokenVerifier): Promise<void> {
    const token = queryOf(upgrade.request.url).get('token');
    const verified = await verifier.verify(token, Date.now());
    if (verified.ok && !this.#options.isClosed()) {
      this.#open(upgrade, verified.grant);
      return;
    }
    this.leave(upgrade.keys);
    if (verified.ok) this.#refuse(upgrade, '503 Service Unavailable');
    else this.#refuse(upgrade, '401 Unauthorized', { problem: verified.problem });
  }

  /** Makes the WebSocket; `ws` answers a request that is none, and calls back at once or not at all. */
  #open({ request, socket, head, keys, relayed }: Upgrade, grant: Grant | undefined): void {
    const opened: WebSocket[] = [];
    this.#upgrades.handleUpgrade(request, socket, head, (ws) => opened.push(ws));
    const [ws] = opened;
    if (ws === undefined) this.leave(keys);
    else this.#options.onOpen(ws, { request, keys, relayed, grant });
  }
}

/** The query of a request's target. */
export function queryOf(url = '/'): URLSearchParams {
  const at = url.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
}

/**
 * A socket that fails is destroyed by itself. A function of the module, since one made in place would keep
 * the whole request for as long as the socket lives.
 */
function ignoreSocketError(): void {}
