import { HOOK_LIMITS } from './limits.ts';

/** Milliseconds since the Unix epoch. */
type Millis = number;

const [SECOND_MS, MINUTE_MS, HOUR_MS] = [1_000, 60_000, 3_600_000] as const;

/** Pauses after the first, second… attempt (Standard Webhooks, "Delivery attempts and retries"); after the last it is given up. */
export const RETRY_PAUSES_MS: readonly Millis[] = [
  ...[5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS],
  ...[10 * HOUR_MS, 14 * HOUR_MS, 20 * HOUR_MS, 24 * HOUR_MS],
];

/** A pause is this much shorter or longer, so that what failed together does not come back together. */
export const JITTER = 0.2;

/** Where a delivery stands. */
export const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const;

/** One of {@link DELIVERY_STATES}. */
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** What came of one attempt. */
export type Attempt =
  | {
      readonly type: 'answered';
      readonly status: number;
      /** What `Retry-After` asks for. */
      readonly retryAfterMs?: Millis | undefined;
    }
  | { readonly type: 'failed'; readonly reason: string };

/** What decides about the next attempt. */
export type DeliveryProgress = {
  readonly state: DeliveryState;
  readonly attempts: number;
  /** When it is tried next, while it is pending. */
  readonly nextAt: Millis;
};

/** Whether the receiver has taken it: any 2xx. All others, redirects too, have not. */
export function wasTaken(attempt: Attempt): boolean {
  return attempt.type === 'answered' && attempt.status >= 200 && attempt.status < 300;
}

/** Whether the receiver wants no more of anything. */
function isGone(attempt: Attempt): boolean {
  return attempt.type === 'answered' && attempt.status === 410;
}

/** Where a delivery stands after an attempt (HOOK-4). `random` is from 0 to below 1. */
export function afterAttempt(
  { attempts: before }: DeliveryProgress,
  attempt: Attempt,
  { now, random }: { readonly now: Millis; readonly random: number },
): DeliveryProgress {
  const attempts = before + 1;
  if (wasTaken(attempt)) return { state: 'delivered', attempts, nextAt: now };
  const pause = RETRY_PAUSES_MS[attempts - 1];
  if (pause === undefined || isGone(attempt)) return { state: 'failed', attempts, nextAt: now };
  const jittered = Math.round(pause * (1 - JITTER + 2 * JITTER * random));
  const asked = attempt.type === 'answered' ? (attempt.retryAfterMs ?? 0) : 0;
  const wait = Math.max(jittered, Math.min(asked, HOOK_LIMITS.retryAfterMs));
  return { state: 'pending', attempts, nextAt: now + wait };
}

/** How a webhook fares. */
export type HookHealth = {
  readonly active: boolean;
  /** When it failed first without a success after it. */
  readonly failingSince: Millis | undefined;
  /** Why it was switched off by itself; for the streamer. */
  readonly disabledReason: string | undefined;
};

/** How a webhook fares after an attempt (HOOK-5): a receiver that is gone or has long failed is left alone. */
export function healthAfter(health: HookHealth, attempt: Attempt, now: Millis): HookHealth {
  if (!health.active) return health;
  if (wasTaken(attempt)) return { ...health, failingSince: undefined };
  const failingSince = health.failingSince ?? now;
  if (isGone(attempt))
    return { active: false, failingSince, disabledReason: 'the receiver answered 410 Gone' };
  if (now - failingSince < HOOK_LIMITS.disableAfterMs) return { ...health, failingSince };
  const days = HOOK_LIMITS.disableAfterMs / (24 * HOUR_MS);
  return { active: false, failingSince, disabledReason: `it has failed for ${days} days` };
}
