import { createServer, type Server, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { ORIGIN_LIMITS } from '../../core/index.ts';
import { type PublishRequest, PublisherConnection } from './rtmp-session.ts';

/** What the server tells of its connections, by number. */
export type RtmpServerHandlers = {
  readonly onAsk: (session: number, request: PublishRequest & { readonly ip: string }) => void;
  /** False when the reader of tags cannot take more for now. */
  readonly onTag: (session: number, tag: Uint8Array) => boolean;
  readonly onClosed: (session: number, reason: string) => void;
};

type Entry = { readonly connection: PublisherConnection; readonly ip: string; asked: boolean };

/**
 * Takes RTMP connections within limits. They count those that do not publish: a newcomer beyond them takes the place of the
 * oldest, so that idle connections cannot keep a publisher out (ORG-2). Of those that publish there is one for each channel.
 */
export class RtmpServer {
  readonly #servers: Server[] = [];
  readonly #handlers: RtmpServerHandlers;
  readonly #entries = new Map<number, Entry>();
  #next = 1;

  constructor(handlers: RtmpServerHandlers) {
    this.#handlers = handlers;
  }

  /**
   * Listens at one more place: for RTMP, or with a secure context for RTMPS, within the same limits. Resolves with the port;
   * rejects with the error of the listening socket.
   */
  listen(
    at: { readonly host: string; readonly port: number },
    secureContext?: SecureContext,
  ): Promise<number> {
    const server = createServer((socket) => {
      this.#take(socket, secureContext);
    });
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(at.port, at.host, () => {
        server.off('error', reject);
        // Later errors (no more file descriptors) end only the connection they belong to.
        server.on('error', () => {});
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : at.port);
      });
    });
  }

  /** The connection of that number, while it is there. */
  get(session: number): PublisherConnection | undefined {
    return this.#entries.get(session)?.connection;
  }

  /** Reads on, after `onTag` had said no. */
  drained(): void {
    for (const { connection } of this.#entries.values()) connection.resume('pipe');
  }

  /** Ends all connections. */
  close(): void {
    for (const server of this.#servers) server.close();
    for (const { connection } of [...this.#entries.values()]) connection.close('server stops');
  }

  #take(plain: Socket, secureContext: SecureContext | undefined): void {
    const ip = plain.remoteAddress ?? '';
    this.#makeRoom(ip);
    if (this.#isFull(ip)) {
      plain.on('error', () => {});
      plain.destroy();
      return;
    }
    const socket = secureContext === undefined ? plain : secured(plain, secureContext);
    const session = this.#next;
    this.#next = session === 0xffff_ffff ? 1 : session + 1;
    const connection = new PublisherConnection(socket, {
      onAsk: (request) => {
        entry.asked = true;
        this.#handlers.onAsk(session, { ...request, ip, secure: secureContext !== undefined });
      },
      onTag: (tag) => {
        if (this.#handlers.onTag(session, tag)) return;
        for (const other of this.#entries.values()) other.connection.pause('pipe');
      },
      onClosed: (reason) => {
        this.#entries.delete(session);
        if (entry.asked) this.#handlers.onClosed(session, reason);
      },
    });
    const entry: Entry = { connection, ip, asked: false };
    this.#entries.set(session, entry);
  }

  /** Those that do not publish, the oldest first. */
  #idle(): readonly Entry[] {
    return [...this.#entries.values()].filter(({ connection }) => !connection.publishing);
  }

  #isFull(ip: string): boolean {
    const idle = this.#idle();
    const same = idle.filter((entry) => entry.ip === ip);
    const { rtmpConnections, rtmpConnectionsPerIp } = ORIGIN_LIMITS;
    return idle.length >= rtmpConnections || same.length >= rtmpConnectionsPerIp;
  }

  #makeRoom(ip: string): void {
    const idle = this.#idle();
    const same = idle.filter((entry) => entry.ip === ip);
    if (same.length >= ORIGIN_LIMITS.rtmpConnectionsPerIp) makeRoom(same);
    else if (idle.length >= ORIGIN_LIMITS.rtmpConnections) makeRoom(idle);
  }
}

/** Its handshake counts as part of the RTMP handshake, and has to be over by the same time. */
function secured(plain: Socket, secureContext: SecureContext): Socket {
  const socket = new TLSSocket(plain, { isServer: true, secureContext });
  // What is no TLS is reported apart from other errors, and leaves the socket open.
  socket.on('_tlsError', () => socket.destroy());
  return socket;
}

function makeRoom([oldest]: readonly Entry[]): void {
  oldest?.connection.close('made room');
}
