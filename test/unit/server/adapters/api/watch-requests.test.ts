import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Gate, type GatePorts } from '../../../../../server/src/adapters/api/gate.ts';
import { ApiProblem, errorHandler } from '../../../../../server/src/adapters/api/problems.ts';
import { RequestIds } from '../../../../../server/src/adapters/api/request-id.ts';
import { RequestWatch } from '../../../../../server/src/adapters/api/watch-requests.ts';
import { makeLog } from '../../../../../server/src/adapters/logging/make-log.ts';
import { ServiceMetrics } from '../../../../../server/src/adapters/metrics/service-metrics.ts';

type Line = Readonly<Record<string, unknown>>;

let app: FastifyInstance;
let lines: Line[];
let metrics: ServiceMetrics;
beforeEach(() => {
  lines = [];
  metrics = new ServiceMetrics({ process: false });
  // Nobody has a token here, and no route has a channel.
  const gate = new Gate({ now: () => 0 } as GatePorts);
  const log = makeLog('debug', { write: (line) => lines.push(JSON.parse(line) as Line) });
  const watch = new RequestWatch({ gate, log, metrics, ids: new RequestIds(() => 'made') });
  app = Fastify();
  watch.attach(app);
  app.setErrorHandler(errorHandler(watch));
  app.get<{ Params: { broadcast: string } }>('/v1/broadcasts/:broadcast', ({ params }) => {
    const { broadcast } = params;
    if (broadcast === 'moved')
      throw new ApiProblem(409, { code: 'illegal-transition', detail: 'no' });
    if (broadcast === 'broken') throw new Error('a secret');
    if (broadcast !== 'b1')
      throw new ApiProblem(404, { code: 'not-found', detail: 'no such broadcast' });
    return {};
  });
  app.get('/readyz', (_request, reply) => reply.code(503).send({}));
});
afterEach(() => app.close());

it('OPS-1 says of a request its id, route, broadcast, rank, status and time, and gives the id back', async () => {
  const answer = await app.inject({
    url: '/v1/broadcasts/b1?token=a-secret',
    headers: { 'x-request-id': 'of-a-proxy' },
  });
  expect(answer.headers['x-request-id']).toBe('of-a-proxy');
  expect(lines).toEqual([
    {
      ...{ level: 30, time: expect.any(Number) as number, msg: 'request', request: 'of-a-proxy' },
      ...{ method: 'GET', route: '/v1/broadcasts/:broadcast', rank: 'anonymous', broadcast: 'b1' },
      ...{ status: 200, ms: expect.any(Number) as number },
    },
  ]);
});

it('OPS-1 a problem says the id of its request', async () => {
  const { body } = await app.inject('/v1/broadcasts/moved');
  expect(JSON.parse(body)).toMatchObject({ status: 409, instance: 'urn:shoal:request:made' });
  expect(lines).toMatchObject([{ status: 409, broadcast: 'moved', request: 'made' }]);
});

it('OPS-2 an id of nothing is not logged: it may be anything', async () => {
  await app.inject('/v1/broadcasts/a-secret');
  await app.inject('/a-secret');
  expect(lines).toMatchObject([{ status: 404 }, { status: 404, route: null }]);
  expect(JSON.stringify(lines)).not.toContain('secret');
});

it('OPS-2 a failure is logged once with its place, and once as an answer, without what was said', async () => {
  const { body, statusCode } = await app.inject('/v1/broadcasts/broken');
  expect([statusCode, JSON.parse(body)]).toMatchObject([500, { code: 'unexpected' }]);
  expect(lines).toMatchObject([
    { level: 50, msg: 'unexpected failure', request: 'made', err: { type: 'Error' } },
    { level: 50, msg: 'request failed', status: 500 },
  ]);
  expect(JSON.stringify(lines) + body).not.toContain('secret');
  expect((await metrics.render()).text).toContain('shoal_service_failures_total 1');
});

it('OPS-4 a probe that says no is no failure', async () => {
  await app.inject('/readyz');
  expect(lines).toMatchObject([{ level: 20, msg: 'probe', status: 503 }]);
});
