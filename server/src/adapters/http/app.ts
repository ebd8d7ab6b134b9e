import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { type ChannelId, parseChannelId } from '@shoal/protocol';
import {
  type BroadcastStatus,
  type ChannelStatus,
  type JobStatus,
  type SegmentDelivery,
} from '../../core/index.ts';
import { CORS_HEADERS, type LiveRoutesPorts, PREFLIGHT_HEADERS, serveLive } from './live-routes.ts';
import { problem, PROBLEM_TYPE } from './problem.ts';
import { type Certificate, makeServer } from './make-server.ts';

/** What the HTTP side needs of the origin. */
export type HttpPorts = {
  readonly live: LiveRoutesPorts;
  readonly channels: () => readonly ChannelStatus[];
  /** Broadcasts that were recorded, oldest first. */
  readonly recordings: (channel: ChannelId) => readonly BroadcastStatus[];
  /** What is made of broadcasts that are over. */
  readonly jobs: (channel: ChannelId) => readonly JobStatus[];
  readonly delivery: (channel: ChannelId) => readonly SegmentDelivery[];
  /** Whether everything runs that should. */
  readonly healthy: () => boolean;
  /** A failure of ours while answering. */
  readonly onError: (error: Error) => void;
};

const KEEP_ALIVE_MS = 65_000;
const REQUEST_MS = 30_000;

/** Builds the HTTP server: live media, the status API, health, and pages of `staticDir`. */
export async function createHttpApp(
  ports: HttpPorts,
  options: { readonly staticDir?: string; readonly tls?: Certificate },
): Promise<FastifyInstance> {
  const { tls } = options;
  let cutAll = (): void => undefined;
  const app = Fastify({
    logger: false,
    serverFactory: (listener) => {
      const times = { keepAliveMs: KEEP_ALIVE_MS, requestMs: REQUEST_MS };
      const made = makeServer(listener, { ...times, ...(tls !== undefined && { tls }) });
      ({ cutAll } = made);
      return made.server;
    },
    bodyLimit: 1024,
    routerOptions: { maxParamLength: 128 },
  });
  app.addHook('preClose', (done) => {
    cutAll();
    done();
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) ports.onError(error);
    return fail(reply, status, status >= 500 ? 'unexpected failure' : error.message);
  });
  app.setNotFoundHandler((request, reply) => notFound(request.headers.accept ?? '', reply));
  app.options('/*', (_request, reply) => reply.code(204).headers(PREFLIGHT_HEADERS).send());
  app.route({
    method: ['GET', 'HEAD'],
    url: '/live/*',
    handler: (request, reply) => {
      reply.hijack();
      serveLive(request.raw, reply.raw, ports.live);
    },
  });
  app.get('/healthz', (_request, reply) => {
    const healthy = ports.healthy();
    return fresh(reply)
      .code(healthy ? 200 : 503)
      .send({ status: healthy ? 'ok' : 'failing' });
  });
  statusRoutes(app, ports);
  if (options.staticDir !== undefined)
    await app.register(fastifyStatic, { root: options.staticDir, index: ['index.html'] });
  return app;
}

function statusRoutes(app: FastifyInstance, ports: HttpPorts): void {
  app.get('/v1/channels', (_request, reply) => {
    const channels = ports.channels().map(({ channel, state }) => ({ channel, state }));
    return fresh(reply).send({ channels });
  });
  app.get<{ Params: { channel: string } }>('/v1/channels/:channel', (request, reply) => {
    const status = find(ports, request.params.channel);
    if (status === undefined) return fail(reply, 404, 'no such channel');
    return fresh(reply).send(status);
  });
  app.get<{ Params: { channel: string } }>('/v1/channels/:channel/delivery', (request, reply) => {
    const status = find(ports, request.params.channel);
    if (status === undefined) return fail(reply, 404, 'no such channel');
    return fresh(reply).send(ports.delivery(status.channel));
  });
  app.get<{ Params: { channel: string } }>('/v1/channels/:channel/recordings', (request, reply) => {
    const status = find(ports, request.params.channel);
    if (status === undefined) return fail(reply, 404, 'no such channel');
    return fresh(reply).send({ recordings: ports.recordings(status.channel) });
  });
  app.get<{ Params: { channel: string } }>('/v1/channels/:channel/jobs', (request, reply) => {
    const status = find(ports, request.params.channel);
    if (status === undefined) return fail(reply, 404, 'no such channel');
    return fresh(reply).send({ jobs: ports.jobs(status.channel) });
  });
}

/** For answers that change from one moment to the next and that pages of other sites may read. */
function fresh(reply: FastifyReply): FastifyReply {
  return reply.headers({ ...CORS_HEADERS, 'Cache-Control': 'no-store' });
}

function find(ports: HttpPorts, name: string): ChannelStatus | undefined {
  const id = parseChannelId(name);
  return id.ok ? ports.channels().find(({ channel }) => channel === id.value) : undefined;
}

function notFound(accept: string, reply: FastifyReply): FastifyReply {
  if (!accept.includes('text/html')) return fail(reply, 404, 'no such resource');
  return reply
    .code(404)
    .type('text/html; charset=utf-8')
    .send(
      '<!doctype html><meta charset="utf-8"><title>Not found</title><h1>Not found</h1><p><a href="/">To the start page</a></p>',
    );
}

function fail(reply: FastifyReply, status: number, detail: string): FastifyReply {
  return fresh(reply).code(status).type(PROBLEM_TYPE).send(problem(status, detail));
}
