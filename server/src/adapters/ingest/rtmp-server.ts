import { createServer, type Server, type Socket } from 'node:net';
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
 * Takes RTMP connections within limits. A newcomer beyond them takes the place of the oldest
 * connection that has not published, so that idle connections cannot keep a publisher out (ORG-2).
 */
export class RtmpServer {
  readonly #server: Server;
  readonly #handlers: RtmpServerHandlers;
  readonly #entries = new Map<number, Entry>();
  #next = 1;

  constructor(handlers: RtmpServerHandlers) {
    this.#handlers = handlers;
    this.#server = createServer((socket) => {
      this.#take(socket);
    });
  }

  /** Resolves with the port; rejects with the error of the listening socket. */
  listen(at: { readonly host: string; readonly port: number }): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(at.port, at.host, () => {
        this.#server.off('error', reject);
        // Later errors (no more file descriptors) end only the connection they belong to.
        this.#server.on('error', () => {});
        const address = this.#server.address();
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
    this.#server.close();
    for (const { connection } of [...this.#entries.values()]) connection.close('server stops');
  }

  #take(socket: Socket): void {
    const ip = socket.remoteAddress ?? '';
    this.#makeRoom(ip);
    const full = this.#entries.size >= ORIGIN_LIMITS.rtmpConnections;
    if (full || this.#fromIp(ip).length >= ORIGIN_LIMITS.rtmpConnectionsPerIp) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    const session = this.#next;
    this.#next = session === 0xffff_ffff ? 1 : session + 1;
    const connection = new PublisherConnection(socket, {
      onAsk: (request) => {
        entry.asked = true;
        this.#handlers.onAsk(session, { ...request, ip });
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

  #fromIp(ip: string): readonly Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.ip === ip);
  }

  #makeRoom(ip: string): void {
    const same = this.#fromIp(ip);
    if (same.length >= ORIGIN_LIMITS.rtmpConnectionsPerIp) evictOldest(same);
    if (this.#entries.size >= ORIGIN_LIMITS.rtmpConnections)
      evictOldest([...this.#entries.values()]);
  }
}

function evictOldest(entries: readonly Entry[]): void {
  entries.find(({ connection }) => !connection.publishing)?.connection.close('made room');
}
