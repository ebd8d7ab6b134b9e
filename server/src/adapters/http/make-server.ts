import { createServer, type RequestListener, type Server } from 'node:http';
import { createSecureServer } from 'node:http2';
import { ORIGIN_LIMITS } from '../../core/index.ts';
import { Connections } from './connections.ts';

/** A certificate with its chain, and its key. PEM. */
export type Certificate = { readonly cert: string; readonly key: string };

/** A server for one of the two, and what is connected to it. */
export type MadeServer = { readonly server: Server; readonly connections: Connections };

/** HTTP/1.1 in the clear; with a certificate HTTP/2 over TLS, and HTTP/1.1 for those who do not speak it. */
export function makeServer(
  listener: RequestListener,
  options: { readonly keepAliveMs: number; readonly requestMs: number; readonly tls?: Certificate },
): MadeServer {
  const { tls, keepAliveMs, requestMs } = options;
  if (tls === undefined) {
    const server = createServer(
      { keepAliveTimeout: keepAliveMs, requestTimeout: requestMs },
      listener,
    );
    server.maxConnections = ORIGIN_LIMITS.httpConnections;
    return { server, connections: new Connections(server) };
  }
  const secure = createSecureServer({
    ...tls,
    allowHTTP1: true,
    handshakeTimeout: ORIGIN_LIMITS.tlsHandshakeMs,
    settings: { maxConcurrentStreams: ORIGIN_LIMITS.http2Streams },
  });
  // Nobody listens to what a stream or a session of a client that left has to say; an error would end the process.
  secure.on('sessionError', () => undefined);
  secure.on('tlsClientError', () => undefined);
  secure.setTimeout(keepAliveMs);
  secure.maxConnections = ORIGIN_LIMITS.httpConnections;
  // Requests and responses of HTTP/2 have what those of HTTP/1.1 have (nodejs.org/api/http2.html, compatibility API); the types
  // of Fastify know one kind of server at a time.
  const server = secure as unknown as Server;
  server.on('request', listener);
  return { server, connections: new Connections(server) };
}
