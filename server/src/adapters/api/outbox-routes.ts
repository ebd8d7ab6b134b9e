import { z } from 'zod';
import { eventOf } from '../database/outbox-table.ts';
import { NEXT, PAGE_QUERY, readPage, writeCursor } from './paging.ts';
import { type Api, type ApiParts } from './parts.ts';
import { notFound } from './problems.ts';

const ALERT = z.object({
  id: z.string(),
  type: z.string(),
  at: z.number(),
  data: z.record(z.string(), z.unknown()),
});

/** Alerts that wait for the streamer. */
export function outboxRoutes(app: Api, { gate, money, now }: ApiParts): void {
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/outbox',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Alerts that are not acknowledged, newest first',
      params: z.object({ channel: z.string() }),
      querystring: PAGE_QUERY,
      response: { 200: z.object({ alerts: z.array(ALERT), next: NEXT }) },
    },
    handler: async (request) => {
      const { id } = gate.channel(request);
      const { rows, next } = await money.outbox.list(id, readPage(request.query));
      const alerts = rows.map((row) => {
        const { type, data } = eventOf(row);
        return { id: row.id, type, at: row.created_at, data };
      });
      return { alerts, next: writeCursor(next) };
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/channels/:channel/outbox/:event/ack',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Acknowledges an alert, which is then not sent again',
      params: z.object({ channel: z.string(), event: z.string().max(100) }),
      response: { 204: z.null() },
    },
    handler: async (request, reply) => {
      const { id } = gate.channel(request);
      if (!(await money.outbox.acknowledge(id, request.params.event, now())))
        throw notFound('alert');
      return reply.code(204).send(null);
    },
  });
}
