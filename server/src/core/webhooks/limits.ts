/** Limits of webhooks. */
export const HOOK_LIMITS = {
  perChannel: 10,
  urlLength: 2_048,
  /** Deliveries of a webhook that are kept, whatever became of them; beyond, the oldest goes. */
  deliveries: 1_000,
  /** From resolving the name of the receiver to the end of its answer. */
  requestMs: 10_000,
  /** Of the answer, which is not looked at. */
  responseBytes: 16_384,
  /** Requests at the same time, and to one webhook. */
  requests: 32,
  requestsPerHook: 2,
  /** Who has taken a delivery over gives it up so long after; more than one request takes. */
  leaseMs: 15_000,
  /** How long the old secret signs beside the new one: a day. */
  rotateMs: 86_400_000,
  /** A webhook that has failed for so long without a success is switched off: 5 days. */
  disableAfterMs: 432_000_000,
  /** What a receiver may ask for in `Retry-After`: a day. */
  retryAfterMs: 86_400_000,
} as const;
