import { z } from 'zod';
import { isSubscribed, TIERS } from '../../core/index.ts';
import { type SubscriptionOrder } from '../money/cashier.ts';
import { readSubscription, type SubscriptionRow } from '../database/subscription-table.ts';
import { NEXT, PAGE_QUERY, readPage, writeCursor } from './paging.ts';
import { type Api, type ApiParts } from './parts.ts';
import { needsAccount, personOf } from './person.ts';
import { ApiProblem, conflict, notFound } from './problems.ts';

const PARAMS = z.object({ channel: z.string() });
const ORDER = z.object({
  tier: z.enum(TIERS),
  method: z.string().min(1).max(200).describe('A token of the payment provider'),
});
const SUBSCRIPTION = z.object({
  id: z.string(),
  user: z.string(),
  name: z.string(),
  tier: z.string(),
  state: z.string().describe('pending, active or ended'),
  subscribed: z.boolean().describe('Whether the viewer counts as a subscriber now'),
  renews: z.boolean(),
  months: z.number().describe('Paid in all'),
  expiresAt: z.number(),
  createdAt: z.number(),
});
const MADE = SUBSCRIPTION.extend({ payment: z.string(), realMoney: z.boolean() });

/** Subscriptions of viewers to channels. */
export function subscriptionRoutes(app: Api, { gate, once, money, tokens, now }: ApiParts): void {
  const shown = (row: SubscriptionRow): z.output<typeof SUBSCRIPTION> => ({
    ...{ id: row.id, user: row.user_id, name: row.name, tier: row.tier, state: row.state },
    subscribed: isSubscribed(readSubscription(row), now()),
    ...{ renews: row.renews === 1, months: row.months },
    ...{ expiresAt: row.expires_at, createdAt: row.created_at },
  });
  const make = async (order: SubscriptionOrder): Promise<z.output<typeof MADE>> => {
    const made = await money.cashier.subscribe(order);
    if (!made.ok)
      throw made.error === 'already-subscribed'
        ? conflict('already-subscribed', 'there is a subscription already')
        : conflict('payment-pending', 'another payment for it is pending');
    const { row, payment } = made.value;
    if (payment.state === 'failed')
      throw new ApiProblem(402, {
        code: 'payment-failed',
        detail: payment.reason ?? 'the payment failed',
      });
    return { ...shown(row), payment: payment.id, realMoney: money.provider.realMoney };
  };
  app.route({
    method: 'POST',
    url: '/v1/channels/:channel/subscriptions',
    ...once.keyed('viewer'),
    schema: {
      summary:
        'Subscribes, to be renewed each month; with the sandbox no real money moves. Takes an Idempotency-Key',
      params: PARAMS,
      body: ORDER,
      response: { 201: MADE },
    },
    handler: async (request, reply) => {
      needsAccount(gate, request);
      const { id: channel } = gate.channel(request);
      const { tier, method } = request.body;
      const order = { id: once.id(request), channel, for: personOf(gate, request), tier, method };
      const made = await make(order);
      return reply
        .code(201)
        .header('Location', `/v1/channels/${channel}/subscriptions/me`)
        .send(made);
    },
  });
  app.route({
    method: 'POST',
    url: '/v1/channels/:channel/subscriptions/gifts',
    ...once.keyed('viewer'),
    schema: {
      summary: 'Gives somebody a month, which is not renewed. Takes an Idempotency-Key',
      params: PARAMS,
      body: ORDER.extend({
        to: z.string().min(1).max(64).describe('Id of somebody with an account'),
      }),
      response: { 201: MADE },
    },
    handler: async (request, reply) => {
      const { id: channel } = gate.channel(request);
      const { tier, method, to } = request.body;
      const name = await tokens.nameOf(to);
      if (name === undefined) throw notFound('account');
      const giver = personOf(gate, request).name;
      const order = { id: once.id(request), channel, for: { id: to, name }, giver, tier, method };
      return reply.code(201).send(await make(order));
    },
  });
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/subscriptions',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Subscriptions of the channel, newest first',
      params: PARAMS,
      querystring: PAGE_QUERY,
      response: { 200: z.object({ subscriptions: z.array(SUBSCRIPTION), next: NEXT }) },
    },
    handler: async (request) => {
      const { id } = gate.channel(request);
      const { rows, next } = await money.subscriptions.list(id, readPage(request.query));
      return { subscriptions: rows.map(shown), next: writeCursor(next) };
    },
  });
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/subscriptions/me',
    ...gate.needs('viewer'),
    schema: { summary: 'One’s own subscription', params: PARAMS, response: { 200: SUBSCRIPTION } },
    handler: async (request) => {
      const { id } = gate.channel(request);
      const row = await money.subscriptions.findOf(id, gate.userId(request));
      if (row === undefined) throw notFound('subscription');
      return shown(row);
    },
  });
  app.route({
    method: 'DELETE',
    url: '/v1/channels/:channel/subscriptions/me',
    ...gate.needs('viewer'),
    schema: {
      summary: 'Cancels one’s own subscription, which goes on until it expires',
      params: PARAMS,
      response: { 200: SUBSCRIPTION },
    },
    handler: async (request) => {
      const { id } = gate.channel(request);
      const row = await money.cashier.cancel(id, gate.userId(request));
      if (row === undefined) throw notFound('subscription');
      return shown(row);
    },
  });
}
