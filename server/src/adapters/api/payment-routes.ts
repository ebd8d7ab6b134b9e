import { z } from 'zod';
import { CURRENCIES, MONEY_LIMITS, TIER_PRICES, TIERS } from '../../core/index.ts';
import { SANDBOX_METHODS } from '../money/sandbox-provider.ts';
import { type Api, type ApiParts } from './parts.ts';
import { conflict, notFound } from './problems.ts';

/** How payments are made here, and the bank of the sandbox. */
export function paymentRoutes(app: Api, { gate, money }: ApiParts): void {
  const { provider, sandbox, payments } = money;
  app.route({
    method: 'GET',
    url: '/v1/payments',
    ...gate.needs('anonymous'),
    schema: {
      summary: 'How payments are made: with the sandbox, no real money moves',
      response: {
        200: z.object({
          provider: z.string(),
          realMoney: z.boolean(),
          methods: z.record(z.string(), z.string()).describe('Of the sandbox, and what they do'),
          currencies: z.array(z.string()).describe('ISO 4217'),
          donation: z.object({ minMinorUnits: z.number(), maxMinorUnits: z.number() }),
          tiers: z.array(
            z.object({
              tier: z.string(),
              price: z.object({ minorUnits: z.number(), currency: z.string() }),
            }),
          ),
        }),
      },
    },
    handler: () => ({
      ...{ provider: provider.name, realMoney: provider.realMoney },
      methods: sandbox === undefined ? {} : SANDBOX_METHODS,
      currencies: [...CURRENCIES],
      donation: {
        minMinorUnits: MONEY_LIMITS.donationMin,
        maxMinorUnits: MONEY_LIMITS.donationMax,
      },
      tiers: TIERS.map((tier) => ({ tier, price: TIER_PRICES[tier] })),
    }),
  });
  app.route({
    method: 'POST',
    url: '/v1/sandbox/payments/:payment/complete',
    ...gate.needs('admin'),
    schema: {
      summary: 'Completes a payment of the sandbox that is pending; no real money moves',
      params: z.object({ payment: z.string().max(100) }),
      body: z.object({ outcome: z.enum(['paid', 'failed']) }),
      response: { 200: z.object({ payment: z.string(), state: z.string() }) },
    },
    handler: async (request) => {
      const { payment } = request.params;
      if (sandbox === undefined || (await sandbox.find(payment)) === undefined)
        throw notFound('payment of the sandbox');
      if (!(await sandbox.complete(payment, request.body.outcome)))
        throw conflict('payment-settled', 'the payment is not pending');
      const row = await payments.find(payment);
      return { payment, state: row?.state ?? request.body.outcome };
    },
  });
}
