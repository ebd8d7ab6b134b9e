import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { OriginError } from '../../errors.ts';
import { type RenderedMetrics } from './rendered.ts';

/** An address for those who watch alone; port 0 takes any that is free. */
export type MetricsAddress = { readonly host: string; readonly port: number };

/** A server that listens. */
export type MetricsServer = { readonly port: number; readonly close: () => Promise<void> };

const REQUEST_MS = 10_000;
const CONNECTIONS = 100;

/** Serves `/metrics` at an address of its own (OPS-3); rejects where that cannot be listened on. */
export async function serveMetrics(
  { host, port }: MetricsAddress,
  read: () => Promise<RenderedMetrics>,
): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: REQUEST_MS }, (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== '/metrics' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(404).end();
      return;
    }
    read().then(
      ({ type, text }) => response.writeHead(200, { 'Content-Type': type }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.maxConnections = CONNECTIONS;
  server.listen({ host, port });
  await once(server, 'listening');
  server.on('error', () => undefined);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => closed(server),
  };
}

/** The same, where an origin is to have it; rejects with an `OriginError`. */
export async function openMetrics(
  at: MetricsAddress | undefined,
  read: () => Promise<RenderedMetrics>,
): Promise<{ readonly port: number | undefined; readonly close: () => Promise<void> }> {
  if (at === undefined) return { port: undefined, close: () => Promise.resolve() };
  try {
    return await serveMetrics(at, read);
  } catch (error) {
    const cause = error instanceof Error ? error : new Error('listen failed');
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
    const { message } = cause;
    throw OriginError.listening({ option: 'metrics.port', ...at }, { code, message });
  }
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return;
  const ended = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await ended;
}
