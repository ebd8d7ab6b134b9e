import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ChannelId, parseChannelId } from '@shoal/protocol';
import type { ChannelStatus, TrackerTotals } from '../core/index.ts';

/** What the pages show. */
export type StatusSource = {
  readonly totals: () => TrackerTotals;
  readonly channel: (id: ChannelId) => ChannelStatus | undefined;
};

const CHANNEL = /^\/v1\/channels\/([^/]+)$/;

/**
 * Answers plain HTTP requests: `GET /healthz` and `GET /v1/channels/:channel` as JSON, anything else as a
 * problem (RFC 9457). Open to every origin: there are only counts in it.
 */
export function handleStatusRequest(
  request: Pick<IncomingMessage, 'method' | 'url'>,
  response: ServerResponse,
  source: StatusSource,
): void {
  const { method = 'GET', url = '/' } = request;
  if (method === 'OPTIONS') {
    response.writeHead(204, { ...HEADERS, 'access-control-allow-methods': 'GET, HEAD' }).end();
    return;
  }
  if (method !== 'GET' && method !== 'HEAD') {
    problem(response, 405, { ...HEADERS, allow: 'GET, HEAD, OPTIONS' });
    return;
  }
  const path = url.split('?', 1)[0] ?? '';
  const id = parseChannelId(CHANNEL.exec(path)?.[1]);
  const body = path === '/healthz' ? { status: 'ok', ...source.totals() } : undefined;
  const found = body ?? (id.ok ? source.channel(id.value) : undefined);
  if (found === undefined) {
    problem(response, 404, HEADERS);
    return;
  }
  response.writeHead(200, { ...HEADERS, 'content-type': 'application/json' });
  response.end(JSON.stringify(found));
}

const HEADERS = { 'access-control-allow-origin': '*', 'cache-control': 'no-store' };
const TITLES = { 404: 'Not found', 405: 'Method not allowed' };

function problem(
  response: ServerResponse,
  status: keyof typeof TITLES,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, { ...headers, 'content-type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'about:blank', title: TITLES[status], status }));
}
