import { type IncomingMessage, type Server, ServerResponse, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import { type Duplex } from 'node:stream';
import { ORIGIN_LIMITS } from '../../core/index.ts';

/** The connections of a server, so that none keeps it from being closed. */
export class Connections {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Those that are no longer HTTP, by name: over TLS what is upgraded is not the socket that was accepted. */
  readonly #upgraded = new Set<string>();

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      const name = nameOf(socket);
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        this.#upgraded.delete(name);
      });
    });
  }

  /** Ends all at once, but those that were upgraded: whoever has them gets a moment to say goodbye. */
  cutAll(): void {
    for (const socket of this.#sockets) if (!this.#upgraded.has(nameOf(socket))) socket.destroy();
    setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, ORIGIN_LIMITS.goodbyeMs).unref();
  }

  /**
   * To be called when everybody listens who takes WebSockets. From then on Node leaves all upgrades to listeners: those to another
   * protocol are answered as if they had not been asked for (RFC 9110 section 7.8), and WebSockets that nobody takes are ended.
   */
  guardUpgrades(): void {
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      if (!(socket instanceof Socket)) return;
      if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
        this.#answer(request, socket);
        return;
      }
      this.#upgraded.add(nameOf(socket));
      this.#expectAnswer(socket);
    });
  }

  #answer(request: IncomingMessage, socket: Socket): void {
    socket.on('error', () => undefined);
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.end());
    this.#server.emit('request', request, response);
  }

  #expectAnswer(socket: Socket): void {
    const before = socket.bytesWritten;
    const timer = setTimeout(() => {
      if (socket.bytesWritten > before) return;
      socket.on('error', () => undefined);
      const head = `HTTP/1.1 404 ${STATUS_CODES[404] ?? ''}`;
      socket.end(`${head}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }, ORIGIN_LIMITS.upgradeMs).unref();
    socket.once('close', () => {
      clearTimeout(timer);
    });
  }
}

function nameOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress ?? ''} ${String(remotePort)} ${String(localPort)}`;
}
