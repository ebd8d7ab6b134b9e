import { randomUUID } from 'node:crypto';
import { type Socket } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { problem, PROBLEM_TYPE } from '../http/problem.ts';
import { FEED_PATH, refuse } from '../feed/feed-server.ts';
import { errorHandler } from './problems.ts';
import { type RequestWatch } from './watch-requests.ts';

const KEEP_ALIVE_MS = 65_000;
const REQUEST_MS = 30_000;
/** In which what is being answered is answered when it ends. */
const CLOSE_MS = 2_000;
/** Of a part of a path. Ids have at most 64 characters. */
const PARAM_LENGTH = 256;

/** A server for the service alone: what is no request that has a route is answered with a problem too (API-5). */
export function makeServiceApp(watch: RequestWatch): FastifyInstance {
  const onError = errorHandler(watch);
  const app = Fastify({
    logger: false,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: PARAM_LENGTH },
    // Of what has no route no hook hears.
    frameworkErrors: (error, request, reply) => {
      reply.raw.once('finish', () => {
        watch.answered(request, reply);
      });
      onError(error, request, reply);
    },
    clientErrorHandler: refuseBytes,
  });
  // Nobody else would, and they would stay open.
  app.server.on('upgrade', ({ url = '' }, socket: Socket) => {
    if (url.split('?', 1)[0] === FEED_PATH) return;
    socket.on('error', () => socket.destroy());
    refuse(socket, 404);
  });
  app.addHook('preClose', (done) => {
    // Those that ask for nothing, or read nothing, would hold up the end.
    setTimeout(() => {
      app.server.closeAllConnections();
    }, CLOSE_MS).unref();
    done();
  });
  return app;
}

const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};
const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** Answers what is no HTTP. The error has what was sent on it, so that it is not logged. */
function refuseBytes({ code }: NodeJS.ErrnoException, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = STATUS[code ?? ''] ?? 400;
  const body = JSON.stringify({
    ...problem(status, 'this is no request'),
    ...{ type: 'urn:shoal:problem:invalid-request', code: 'invalid-request' },
    instance: `urn:shoal:request:${randomUUID()}`,
  });
  const head = [
    `HTTP/1.1 ${status} ${TITLES[status] ?? 'Bad Request'}`,
    ...['Connection: close', `Content-Type: ${PROBLEM_TYPE}`],
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
