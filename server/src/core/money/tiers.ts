import { type Money } from '@shoal/protocol';

/** What a subscription may be, from least to most. */
export const TIERS = ['1', '2', '3'] as const;

/** One of {@link TIERS}. */
export type Tier = (typeof TIERS)[number];

/** What a month of each costs. */
export const TIER_PRICES: Readonly<Record<Tier, Money>> = {
  '1': { minorUnits: 499, currency: 'EUR' },
  '2': { minorUnits: 999, currency: 'EUR' },
  '3': { minorUnits: 2_499, currency: 'EUR' },
};
