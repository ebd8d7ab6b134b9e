import { setMaxListeners } from 'node:events';
import { Webhook } from 'standardwebhooks';
import {
  afterAttempt,
  type Attempt,
  type DeliveryState,
  healthAfter,
  HOOK_LIMITS,
} from '../../core/index.ts';
import { type DeliveryRow, type DeliveryTable } from '../database/delivery-table.ts';
import { secretsOf, type WebhookRow, type WebhookTable } from '../database/webhook-table.ts';
import { Rounds } from '../rounds.ts';
import { post } from './post.ts';
import { type WebhookPolicy } from './target.ts';

/** What the sender works with. */
export type SenderParts = {
  readonly webhooks: WebhookTable;
  readonly deliveries: DeliveryTable;
  readonly policy: WebhookPolicy;
  readonly now: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly onError: (error: unknown) => void;
  /** Counts and logs what came of an attempt. */
  readonly onAttempt?: ((delivery: WebhookAttempt) => void) | undefined;
};

/** What came of an attempt. Nothing of what was sent, and not where to. */
type WebhookAttempt = {
  readonly channel: string;
  readonly webhook: string;
  readonly delivery: string;
  readonly event: string;
  readonly attempt: Attempt;
};

const EVERY_MS = 1_000;

/**
 * Makes deliveries, some at a time and few of one webhook, so that a slow receiver holds up no other. One that was begun and not noted, by
 * a process that died, is made again after its lease: at least once, with the same id (HOOK-2).
 */
export class WebhookSender {
  readonly #parts: SenderParts;
  readonly #abort = new AbortController();
  readonly #going = new Map<string, number>();
  readonly #attempts = new Set<Promise<void>>();
  readonly #rounds: Rounds;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    setMaxListeners(HOOK_LIMITS.requests, this.#abort.signal);
    this.#rounds = new Rounds({
      run: () => this.#round(),
      ...{ everyMs: EVERY_MS, onError: parts.onError },
    });
  }

  /** There may be something to deliver. */
  wake(): void {
    this.#rounds.wake();
  }

  /** Breaks off what is being sent; it is sent again by whoever comes next. */
  async close(): Promise<void> {
    await this.#rounds.close();
    this.#abort.abort();
    await Promise.all(this.#attempts);
  }

  async #round(): Promise<void> {
    const { deliveries, webhooks, now } = this.#parts;
    const busy = [...this.#going]
      .filter(([, count]) => count >= HOOK_LIMITS.requestsPerHook)
      .map(([hook]) => hook);
    if (this.#attempts.size >= HOOK_LIMITS.requests) return;
    for (const id of await deliveries.dueHooks(now(), busy)) {
      const free = Math.min(
        HOOK_LIMITS.requests - this.#attempts.size,
        HOOK_LIMITS.requestsPerHook - (this.#going.get(id) ?? 0),
      );
      if (free <= 0) continue;
      const hook = await webhooks.find(id);
      if (hook === undefined) continue;
      for (const row of await deliveries.claim(id, now(), free)) this.#begin(hook, row);
    }
  }

  #begin(hook: WebhookRow, row: DeliveryRow): void {
    const { onError } = this.#parts;
    this.#going.set(hook.id, (this.#going.get(hook.id) ?? 0) + 1);
    const attempt = this.#attempt(hook, row)
      .catch(onError)
      .finally(() => {
        this.#attempts.delete(attempt);
        const left = (this.#going.get(hook.id) ?? 1) - 1;
        if (left > 0) this.#going.set(hook.id, left);
        else this.#going.delete(hook.id);
        this.#rounds.wake();
      });
    this.#attempts.add(attempt);
  }

  async #attempt(hook: WebhookRow, row: DeliveryRow): Promise<void> {
    const { deliveries, webhooks, policy, now, random } = this.#parts;
    const { signal } = this.#abort;
    const { url } = hook;
    const headers = headersOf(hook, row, now());
    const attempt = await post({ url, headers, body: row.body }, { policy, signal });
    const { attempts, next_at: nextAt } = row;
    if (signal.aborted && attempt.type === 'failed') {
      const { last_status, last_error } = row;
      const next_at = now();
      await deliveries.note(row, { state: 'pending', attempts, next_at, last_status, last_error });
      return;
    }
    this.#parts.onAttempt?.({
      ...{ channel: hook.channel, webhook: hook.id, delivery: row.id },
      ...{ event: row.event_type, attempt },
    });
    const at = now();
    const state = row.state as DeliveryState; // written here
    const next = afterAttempt({ state, attempts, nextAt }, attempt, { now: at, random: random() });
    await deliveries.note(row, {
      ...{ state: next.state, attempts: next.attempts, next_at: next.nextAt },
      ...lastOf(attempt),
    });
    const fresh = await webhooks.find(hook.id);
    if (fresh === undefined) return;
    const health = {
      active: fresh.active === 1,
      failingSince: fresh.failing_since ?? undefined,
      disabledReason: fresh.disabled_reason ?? undefined,
    };
    await webhooks.judge(fresh, healthAfter(health, attempt, at));
  }
}

/** Signed with each secret that holds (Standard Webhooks, "Signature scheme" and "Secret rotation"). */
function headersOf(hook: WebhookRow, row: DeliveryRow, now: number): Record<string, string> {
  const at = new Date(now);
  const signatures = secretsOf(hook)
    .filter(({ until }) => until === null || until > now)
    .map(({ secret }) => new Webhook(secret).sign(row.event_id, at, row.body));
  return {
    'Content-Type': 'application/json',
    'User-Agent': 'Shoal-Webhooks',
    'webhook-id': row.event_id,
    'webhook-timestamp': String(Math.floor(now / 1_000)),
    'webhook-signature': signatures.join(' '),
  };
}

function lastOf(attempt: Attempt): Pick<DeliveryRow, 'last_status' | 'last_error'> {
  return attempt.type === 'answered'
    ? { last_status: attempt.status, last_error: null }
    : { last_status: null, last_error: attempt.reason };
}
