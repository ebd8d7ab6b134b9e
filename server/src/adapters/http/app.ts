import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { type ChannelId, parseChannelId } from '@shoal/protocol';
import { type ChannelStatus } from '../../core/index.ts';
import { CORS_HEADERS, type LiveRoutesPorts, PREFLIGHT_HEADERS, serveLive } from './live-routes.ts';
import { OriginError } from '../../errors.ts';
import { type ChannelReport } from './channel-report.ts';
import { problem, PROBLEM_TYPE } from './problem.ts';
import { type Connections } from './connections.ts';
import { type Certificate, makeServer } from './make-server.ts';

/** What another process has to be asked for takes a while; an `OriginError` (`redis`) when it cannot be had. */
type OrLater<T> = T | Promise<T>;

/** What the HTTP side needs of the origin. */
export type HttpPorts = {
  readonly live: LiveRoutesPorts;
  readonly channels: () => OrLater<readonly ChannelStatus[]>;
  readonly report: <Field extends keyof ChannelReport>(
    channel: ChannelId,
    field: Field,
  ) => OrLater<ChannelReport[Field]>;
  /** Whether everything runs that should. */
  readonly healthy: () => boolean;
  /** Whether it should get viewers. Default: while it is healthy. */
  readonly ready?: () => boolean;
  /** A failure of ours while answering. */
  readonly onError: (error: Error) => void;
};

const KEEP_ALIVE_MS = 65_000;
const REQUEST_MS = 30_000;

/** What adds routes of its own to a server that does not listen yet; they must be others than the origin's. */
export type Mount = { readonly mount: (app: FastifyInstance) => Promise<void> };

/** Builds the HTTP server: live media, the status API, health, what is mounted, and pages of `staticDir`. */
export async function createHttpApp(
  ports: HttpPorts,
  options: {
    readonly staticDir?: string;
    readonly tls?: Certificate;
    readonly mounts?: readonly Mount[];
  },
): Promise<FastifyInstance> {
  const { tls, mounts = [] } = options;
  let connections: Connections | undefined;
  const app = Fastify({
    logger: false,
    serverFactory: (listener) => {
      const times = { keepAliveMs: KEEP_ALIVE_MS, requestMs: REQUEST_MS };
      const made = makeServer(listener, { ...times, ...(tls !== undefined && { tls }) });
      ({ connections } = made);
      return made.server;
    },
    bodyLimit: 1024,
    routerOptions: { maxParamLength: 128 },
  });
  app.addHook('preClose', (done) => {
    connections?.cutAll();
    done();
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    if (error instanceof OriginError && error.code === 'redis') {
      reply.header('Retry-After', '1');
      return fail(reply, 503, error.message);
    }
    const status = error.statusCode ?? 500;
    if (status >= 500) ports.onError(error);
    return fail(reply, status, status >= 500 ? 'unexpected failure' : error.message);
  });
  app.setNotFoundHandler((request, reply) => notFound(request.headers.accept ?? '', reply));
  for (const url of ['/live/*', '/healthz', '/readyz', '/v1/streams', '/v1/streams/*'])
    app.options(url, (_request, reply) => reply.code(204).headers(PREFLIGHT_HEADERS).send());
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
  app.get('/readyz', (_request, reply) => {
    const ready = (ports.ready ?? ports.healthy)();
    return fresh(reply)
      .code(ready ? 200 : 503)
      .send({ status: ready ? 'ready' : 'not ready' });
  });
  statusRoutes(app, ports);
  for (const { mount } of mounts) await mount(app);
  if (mounts.length > 0) connections?.guardUpgrades();
  if (options.staticDir !== undefined)
    await app.register(fastifyStatic, { root: options.staticDir, index: ['index.html'] });
  return app;
}

function statusRoutes(app: FastifyInstance, ports: HttpPorts): void {
  app.get('/v1/streams', async (_request, reply) => {
    const all = await ports.channels();
    const streams = all.map(({ channel, state }) => ({ channel, state }));
    return fresh(reply).send({ streams });
  });
  const route = (path: string, answer: (status: ChannelStatus) => OrLater<unknown>): void => {
    app.get<{ Params: { channel: string } }>(
      `/v1/streams/:channel${path}`,
      async (request, reply) => {
        const status = await find(ports, request.params.channel);
        if (status === undefined) return fail(reply, 404, 'no such channel');
        return fresh(reply).send(await answer(status));
      },
    );
  };
  route('', (status) => status);
  route('/delivery', ({ channel }) => ports.report(channel, 'delivery'));
  route('/health', ({ channel }) => ports.report(channel, 'health'));
  route('/playback', ({ channel }) => ports.report(channel, 'playback'));
  for (const field of ['recordings', 'jobs'] as const)
    route(`/${field}`, async ({ channel }) => ({ [field]: await ports.report(channel, field) }));
}

/** For answers that change from one moment to the next and that pages of other sites may read. */
function fresh(reply: FastifyReply): FastifyReply {
  return reply.headers({ ...CORS_HEADERS, 'Cache-Control': 'no-store' });
}

async function find(ports: HttpPorts, name: string): Promise<ChannelStatus | undefined> {
  const id = parseChannelId(name);
  if (!id.ok) return undefined;
  return (await ports.channels()).find(({ channel }) => channel === id.value);
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
