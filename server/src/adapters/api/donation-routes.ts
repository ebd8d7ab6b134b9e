import { z } from 'zod';
import { CURRENCIES, isAtLeast, MONEY_LIMITS, plainText } from '../../core/index.ts';
import { type DonationRow } from '../database/donation-table.ts';
import { NEXT, PAGE_QUERY, readPage, writeCursor } from './paging.ts';
import { type Api, type ApiParts } from './parts.ts';
import { personOf } from './person.ts';
import { ApiProblem, notFound } from './problems.ts';

const STATE = z.enum(['pending', 'paid', 'failed']);
const DONATION = z.object({
  id: z.string().describe('Also that of its payment'),
  from: z.string(),
  amount: z.object({ minorUnits: z.number(), currency: z.string() }),
  message: z.string().describe('Plain text: to be shown as text, never as HTML'),
  state: z.string(),
  createdAt: z.number(),
  paidAt: z.number().nullable(),
});

/** Donations. */
export function donationRoutes(app: Api, { gate, once, money }: ApiParts): void {
  app.route({
    method: 'POST',
    url: '/v1/channels/:channel/donations',
    ...once.keyed('viewer'),
    schema: {
      summary: 'Donates; with the sandbox no real money moves. Takes an Idempotency-Key',
      params: z.object({ channel: z.string() }),
      body: z.object({
        amount: z.object({
          minorUnits: z
            .int()
            .min(MONEY_LIMITS.donationMin)
            .max(MONEY_LIMITS.donationMax)
            .describe('In the smallest unit of the currency, as cents'),
          currency: z.enum(CURRENCIES).describe('ISO 4217'),
        }),
        message: z.string().max(2_000).default('').describe('At most 500 characters when tidied'),
        method: z.string().min(1).max(200).describe('A token of the payment provider'),
      }),
      response: { 201: DONATION.extend({ realMoney: z.boolean() }) },
    },
    handler: async (request, reply) => {
      const { amount, method } = request.body;
      const { id: channel } = gate.channel(request);
      const { row, payment } = await money.cashier.donate({
        ...{ id: once.id(request), channel, from: personOf(gate, request), amount, method },
        message: tidy(request.body.message),
      });
      if (payment.state === 'failed')
        throw new ApiProblem(402, {
          code: 'payment-failed',
          detail: payment.reason ?? 'the payment failed',
        });
      return reply
        .code(201)
        .header('Location', `/v1/channels/${channel}/donations/${row.id}`)
        .send({ ...shown(row), realMoney: money.provider.realMoney });
    },
  });
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/donations',
    ...gate.needs('streamer'),
    schema: {
      summary: 'Donations of the channel in one state, newest first',
      params: z.object({ channel: z.string() }),
      querystring: PAGE_QUERY.extend({ state: STATE.default('paid') }),
      response: { 200: z.object({ donations: z.array(DONATION), next: NEXT }) },
    },
    handler: async (request) => {
      const { id } = gate.channel(request);
      const { state } = request.query;
      const { rows, next } = await money.donations.list(id, state, readPage(request.query));
      return { donations: rows.map(shown), next: writeCursor(next) };
    },
  });
  app.route({
    method: 'GET',
    url: '/v1/channels/:channel/donations/:donation',
    ...gate.needs('viewer'),
    schema: {
      summary: 'A donation: for who made it, and for the streamer',
      params: z.object({ channel: z.string(), donation: z.string().max(100) }),
      response: { 200: DONATION },
    },
    handler: async (request) => {
      const { id, rank } = gate.channel(request);
      const row = await money.donations.find(id, request.params.donation);
      const own = row?.from_id === gate.userId(request);
      if (row === undefined || !(own || isAtLeast(rank, 'streamer'))) throw notFound('donation');
      return shown(row);
    },
  });
}

function tidy(message: string): string {
  if (message.trim() === '') return '';
  const text = plainText(message);
  if (!text.ok) throw new ApiProblem(422, { code: 'invalid-message', detail: text.error });
  return text.value;
}

function shown(row: DonationRow): z.output<typeof DONATION> {
  return {
    ...{ id: row.id, from: row.from_name, message: row.message, state: row.state },
    amount: { minorUnits: row.minor_units, currency: row.currency },
    ...{ createdAt: row.created_at, paidAt: row.paid_at },
  };
}
