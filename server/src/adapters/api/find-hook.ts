import { type FastifyRequest } from 'fastify';
import { type WebhookRow } from '../database/webhook-table.ts';
import { type ApiParts } from './parts.ts';
import { notFound } from './problems.ts';

/** A webhook of the channel of the request; throws a 404 for one that is not there, or another channel's. */
export async function findHook(
  { gate, webhooks }: ApiParts,
  request: FastifyRequest,
  id: string,
): Promise<WebhookRow> {
  const row = await webhooks.webhooks.find(id);
  if (row?.channel !== gate.channel(request).id) throw notFound('webhook');
  return row;
}
