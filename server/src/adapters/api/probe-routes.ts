import { type RenderedMetrics } from '../metrics/rendered.ts';
import { type Gate } from './gate.ts';
import { type Api } from './parts.ts';

/** What operators ask. */
export type ProbePorts = {
  readonly gate: Gate;
  readonly notReady: () => Promise<readonly string[]>;
  readonly metrics: () => Promise<RenderedMetrics>;
};

/** Of those that watch, who come often. */
const UNCOUNTED = { config: { rateLimit: false }, schema: { hide: true } } as const;

/** `/healthz` and `/readyz` for everybody, and `/metrics` for the operator (OPS-3, OPS-4). They are no part of the API. */
export function probeRoutes({ gate, notReady, metrics }: ProbePorts): (app: Api) => void {
  return (app) => {
    app.get('/healthz', UNCOUNTED, (_request, reply) =>
      reply.header('Cache-Control', 'no-store').send({ status: 'ok' }),
    );
    app.get('/readyz', UNCOUNTED, async (_request, reply) => {
      const problems = await notReady();
      void reply.header('Cache-Control', 'no-store').code(problems.length === 0 ? 200 : 503);
      return problems.length === 0 ? { status: 'ready' } : { status: 'not ready', problems };
    });
    app.get('/metrics', { ...UNCOUNTED, ...gate.needs('admin') }, async (_request, reply) => {
      const { type, text } = await metrics();
      return reply.header('Cache-Control', 'no-store').type(type).send(text);
    });
  };
}
