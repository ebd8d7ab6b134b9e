import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ChannelId, parseChannelId } from '@shoal/protocol';
import type { SwitchCommand } from '../cluster.ts';
import {
  type ChannelStatus,
  isViewerName,
  type SwarmView,
  type TrackerTotals,
} from '../core/index.ts';

/** What is asked of the tracker over HTTP. */
export type ApiSource = {
  readonly totals: () => TrackerTotals;
  /** Why viewers should be sent elsewhere; empty when they need not. */
  readonly notReady: () => readonly string[];
  readonly channel: (id: ChannelId) => ChannelStatus | undefined;
  readonly swarm: (id: ChannelId) => SwarmView | undefined;
  /** Rejects when other nodes could not be told. */
  readonly command: (command: SwitchCommand) => Promise<void>;
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
};

type Method = 'GET' | 'PUT' | 'DELETE';

/** One path: what is done for each of its methods. */
type Route = {
  readonly path: RegExp;
  /** For whom has the operator's token alone. */
  readonly admin: boolean;
  readonly on: Partial<
    Record<Method, (channel: ChannelId, rest: string) => Answer | Promise<Answer>>
  >;
};

type Answer =
  | { readonly status: 200 | 503; readonly body: unknown }
  | { readonly status: 204 }
  | { readonly status: 404 };

const TITLES = {
  401: 'The operator’s token is needed',
  403: 'This tracker was started without an operator’s token',
  404: 'Not found',
  405: 'Method not allowed',
  500: 'Failed',
};
/** Open to every origin: what is not public asks for a token, and no cookie counts. */
const HEADERS = { 'access-control-allow-origin': '*', 'cache-control': 'no-store' };

/**
 * The tracker over plain HTTP, as JSON; failures are problems (RFC 9457). Open to all: `/healthz`, `/readyz`, `/metrics` and the
 * counts of `/v1/channels/:channel`. With the operator's token as a bearer (RFC 6750): the swarm of a channel, its P2P switch,
 * and the rights of its viewers.
 */
export class HttpApi {
  readonly #source: ApiSource;
  readonly #adminToken: Buffer | undefined;
  readonly #routes: readonly Route[];

  constructor(source: ApiSource, adminToken: string | undefined) {
    this.#source = source;
    this.#adminToken = adminToken === undefined ? undefined : digest(adminToken);
    this.#routes = [
      {
        path: /^\/v1\/channels\/([^/]+)$/,
        admin: false,
        on: { GET: (channel) => found(source.channel(channel)) },
      },
      {
        path: /^\/v1\/channels\/([^/]+)\/swarm$/,
        admin: true,
        on: { GET: (channel) => found(source.swarm(channel)) },
      },
      {
        path: /^\/v1\/channels\/([^/]+)\/p2p$/,
        admin: true,
        on: {
          PUT: (channel) => obey(source, { type: 'p2p', channel, enabled: true }),
          DELETE: (channel) => obey(source, { type: 'p2p', channel, enabled: false }),
        },
      },
      {
        path: /^\/v1\/channels\/([^/]+)\/viewers\/([^/]+)$/,
        admin: true,
        on: {
          DELETE: (channel, viewer) =>
            isViewerName(viewer)
              ? obey(source, { type: 'revoke', channel, viewer })
              : { status: 404 },
        },
      },
    ];
  }

  /** Answers one request. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '';
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
    if (method === 'OPTIONS') preflight(response);
    else if (path === '/metrics' && method === 'GET') void this.#metrics(response);
    else if (path === '/healthz' || path === '/readyz')
      answer(response, method === 'GET' ? this.#health(path) : NO_SUCH_METHOD);
    else
      void Promise.resolve(this.#route(request, { path, method })).then((found) => {
        answer(response, found);
      });
  }

  #health(path: '/healthz' | '/readyz'): Answer {
    const problems = this.#source.notReady();
    if (path === '/healthz')
      return { status: 200, body: { status: 'ok', ...this.#source.totals() } };
    return problems.length === 0
      ? { status: 200, body: { status: 'ready' } }
      : { status: 503, body: { status: 'not ready', problems } };
  }

  #route(
    request: IncomingMessage,
    { path, method }: { readonly path: string; readonly method: string },
  ): Answer | Refusal | Promise<Answer> {
    for (const route of this.#routes) {
      const match = route.path.exec(path);
      if (match === null) continue;
      const refusal = route.admin ? this.#refusal(request) : undefined;
      if (refusal !== undefined) return refusal;
      const channel = parseChannelId(match[1]);
      const act = isMethod(method) ? route.on[method] : undefined;
      if (act === undefined) return { status: 405, allow: Object.keys(route.on).join(', ') };
      return channel.ok ? act(channel.value, decode(match[2] ?? '')) : { status: 404 };
    }
    return { status: 404 };
  }

  #refusal(request: IncomingMessage): Refusal | undefined {
    if (this.#adminToken === undefined) return { status: 403 };
    const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ');
    const given = scheme.toLowerCase() === 'bearer' ? digest(token) : undefined;
    return given !== undefined && timingSafeEqual(given, this.#adminToken)
      ? undefined
      : { status: 401 };
  }

  async #metrics(response: ServerResponse): Promise<void> {
    try {
      const { type, text } = await this.#source.metrics();
      response.writeHead(200, { ...HEADERS, 'content-type': type }).end(text);
    } catch {
      answer(response, { status: 500 });
    }
  }
}

type Refusal =
  { readonly status: 401 | 403 | 500 } | { readonly status: 405; readonly allow: string };

const NO_SUCH_METHOD: Refusal = { status: 405, allow: 'GET' };

function isMethod(method: string): method is Method {
  return method === 'GET' || method === 'PUT' || method === 'DELETE';
}

function found(body: object | undefined): Answer {
  return body === undefined ? { status: 404 } : { status: 200, body };
}

async function obey(source: ApiSource, command: SwitchCommand): Promise<Answer> {
  try {
    await source.command(command);
    return { status: 204 };
  } catch {
    // Done at this node; asking again does no harm.
    return { status: 503, body: { status: 'other nodes could not be told; ask again' } };
  }
}

function preflight(response: ServerResponse): void {
  const allow = {
    'access-control-allow-methods': 'GET, HEAD, PUT, DELETE',
    'access-control-allow-headers': 'authorization',
  };
  response.writeHead(204, { ...HEADERS, ...allow }).end();
}

function answer(response: ServerResponse, what: Answer | Refusal): void {
  const { status } = what;
  if (status === 204) {
    response.writeHead(204, HEADERS).end();
    return;
  }
  if (status === 200 || status === 503) {
    response.writeHead(status, { ...HEADERS, 'content-type': 'application/json' });
    response.end(JSON.stringify(what.body));
    return;
  }
  response.writeHead(status, {
    ...HEADERS,
    'content-type': 'application/problem+json',
    ...(status === 405 && { allow: `${what.allow}, OPTIONS`.replace('GET', 'GET, HEAD') }),
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  });
  response.end(JSON.stringify({ type: 'about:blank', title: TITLES[status], status }));
}

/** Of equal length, as a comparison in constant time needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
