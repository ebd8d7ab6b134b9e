import { z } from 'zod';
import { DELIVERY_STATES } from '../../core/index.ts';
import { type DeliveryRow } from '../database/delivery-table.ts';
import { findHook } from './find-hook.ts';
import { NEXT, PAGE_QUERY, readPage, writeCursor } from './paging.ts';
import { type Api, type ApiParts } from './parts.ts';
import { conflict, notFound } from './problems.ts';

/** A delivery as the streamer sees it. */
export const DELIVERY: z.ZodObject<{
  id: z.ZodString;
  event: z.ZodString;
  type: z.ZodString;
  state: z.ZodString;
  attempts: z.ZodNumber;
  nextAttemptAt: z.ZodNullable<z.ZodNumber>;
  lastStatus: z.ZodNullable<z.ZodNumber>;
  lastError: z.ZodNullable<z.ZodString>;
  createdAt: z.ZodNumber;
}> = z.object({
  id: z.string(),
  event: z.string().describe('`webhook-id`: the same in every attempt'),
  type: z.string(),
  state: z.string().describe('pending, delivered or failed'),
  attempts: z.number(),
  nextAttemptAt: z.number().nullable(),
  lastStatus: z.number().nullable().describe('What the receiver answered'),
  lastError: z.string().nullable().describe('Why there was no answer'),
  createdAt: z.number(),
});

/** Deliveries of a webhook. */
export function deliveryRoutes(app: Api, parts: ApiParts): void {
  const { gate, now } = parts;
  const { deliveries, wake } = parts.webhooks;
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/webhooks/:webhook/deliveries',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Deliveries of a webhook, newest first; the newest 1,000 are kept',
      params: z.object({ channel: z.string(), webhook: z.string().max(100) }),
      querystring: PAGE_QUERY.extend({ state: z.enum(DELIVERY_STATES).optional() }),
      response: { 200: z.object({ deliveries: z.array(DELIVERY), next: NEXT }) },
    },
    handler: async (request) => {
      const hook = await findHook(parts, request, request.params.webhook);
      const { state } = request.query;
      const { rows, next } = await deliveries.list(hook.id, state, readPage(request.query));
      return { deliveries: rows.map(shownDelivery), next: writeCursor(next) };
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/channels/:channel/webhooks/:webhook/deliveries/:delivery/redeliver',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Begins a delivery anew, with the same webhook-id',
      params: z.object({
        channel: z.string(),
        webhook: z.string().max(100),
        delivery: z.string().max(100),
      }),
      response: { 202: DELIVERY },
    },
    handler: async (request, reply) => {
      const hook = await findHook(parts, request, request.params.webhook);
      if (hook.active === 0) throw conflict('webhook-off', 'the webhook is switched off');
      const found = await deliveries.find(hook.id, request.params.delivery);
      const begun = found && (await deliveries.again(found.id, now()));
      if (begun === undefined) throw notFound('delivery');
      wake();
      return reply.code(202).send(shownDelivery(begun));
    },
  });
}

/** What is shown of it; the body is the receiver's. */
export function shownDelivery(row: DeliveryRow): z.output<typeof DELIVERY> {
  return {
    ...{ id: row.id, event: row.event_id, type: row.event_type, state: row.state },
    ...{ attempts: row.attempts, lastStatus: row.last_status, lastError: row.last_error },
    nextAttemptAt: row.state === 'pending' ? row.next_at : null,
    createdAt: row.created_at,
  };
}
