import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Logger } from 'pino';
import { type ServiceMetrics } from '../metrics/service-metrics.ts';
import { type Gate } from './gate.ts';
import { type RequestIds } from './request-id.ts';

/** What requests are watched with. */
export type WatchPorts = {
  readonly gate: Gate;
  readonly ids: RequestIds;
  readonly log: Logger;
  readonly metrics: Pick<ServiceMetrics, 'answered' | 'failed'>;
};

/** Logs and counts requests (OPS-1, OPS-3). Of each it takes what it names here, and nothing else. */
export class RequestWatch {
  readonly #ports: WatchPorts;

  constructor(ports: WatchPorts) {
    this.#ports = ports;
  }

  get ids(): RequestIds {
    return this.#ports.ids;
  }

  /** Watches the requests to routes that are added afterwards. Before all other hooks, so that it sees those that they refuse. */
  attach(scope: FastifyInstance): void {
    scope.addHook('onRequest', (request, reply, done) => {
      this.ids.tell(request, reply);
      done();
    });
    scope.addHook('onResponse', (request, reply, done) => {
      this.answered(request, reply);
      done();
    });
  }

  /** A request was answered. */
  answered(request: FastifyRequest, reply: FastifyReply): void {
    const { log, metrics } = this.#ports;
    const { method, routeOptions } = request;
    const [{ url: route }, { statusCode: status }] = [routeOptions, reply];
    const ms = Math.round(reply.elapsedTime * 1_000) / 1_000;
    metrics.answered({ route, method, status, ms });
    const line = { ...this.#about(request, status), status, ms };
    if (route !== undefined && PROBES.has(route)) log.debug(line, 'probe');
    else if (status >= 500) log.error(line, 'request failed');
    else log.info(line, 'request');
  }

  /** A failure of ours while answering a request. */
  readonly onError = (err: unknown, request: FastifyRequest): void => {
    const { log, metrics } = this.#ports;
    metrics.failed();
    log.error({ ...this.#about(request, 500), err }, 'unexpected failure');
  };

  #about(request: FastifyRequest, status: number): object {
    const { gate, ids } = this.#ports;
    const { channel, rank, actor } = gate.seen(request);
    const broadcast = status < 400 || MOVED.has(status) ? broadcastOf(request) : undefined;
    return {
      request: ids.of(request),
      ...{ method: request.method, route: request.routeOptions.url ?? null, rank },
      ...(actor !== undefined && { actor }),
      ...(channel !== undefined && { channel }),
      ...(broadcast !== undefined && { broadcast }),
    };
  }
}

/** Asked every few seconds, and no failure when they say no. */
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/** Beside success, what only requests about a broadcast that exists are answered: in all others the id may be anything. */
const MOVED: ReadonlySet<number> = new Set([409, 412]);

function broadcastOf({ params }: FastifyRequest): string | undefined {
  if (typeof params !== 'object' || params === null || !('broadcast' in params)) return undefined;
  const { broadcast } = params;
  return typeof broadcast === 'string' && /^[\w-]{1,64}$/.test(broadcast) ? broadcast : undefined;
}
