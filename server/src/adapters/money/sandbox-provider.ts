import { type Charge, type PaymentOutcome, type PaymentProvider } from '../../core/index.ts';
import { type SandboxRow, type SandboxTable } from '../database/sandbox-table.ts';

/** Methods of payment of the sandbox, and what becomes of a payment with each. */
export const SANDBOX_METHODS = {
  'sandbox-pays': 'is paid at once',
  'sandbox-fails': 'fails at once',
  'sandbox-waits': 'is pending until an operator completes it',
} as const;

/** A pending payment fails by itself after so long. */
const PENDING_MS = 86_400_000;

/** A provider that moves no money: what becomes of a payment is chosen by its method. What it was asked for survives a restart. */
export class SandboxProvider implements PaymentProvider {
  readonly name = 'sandbox';
  readonly realMoney = false;
  readonly #table: SandboxTable;
  readonly #now: () => number;
  readonly #listeners = new Set<(id: string, outcome: PaymentOutcome) => void>();

  constructor(table: SandboxTable, now: () => number) {
    this.#table = table;
    this.#now = now;
  }

  async charge({ id, method }: Charge): Promise<PaymentOutcome> {
    const state =
      method === 'sandbox-pays' ? 'paid' : method === 'sandbox-waits' ? 'pending' : 'failed';
    const reason =
      method === 'sandbox-fails'
        ? 'the sandbox refuses this method of payment'
        : 'the sandbox does not know this method of payment';
    return this.#outcome(await this.#table.insert({ id, state, reason, created_at: this.#now() }));
  }

  async find(id: string): Promise<PaymentOutcome | undefined> {
    const row = await this.#table.find(id);
    return row && this.#outcome(row);
  }

  subscribe(listener: (id: string, outcome: PaymentOutcome) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Settles a pending payment, as a bank would some time later; false where it is not pending. */
  async complete(id: string, outcome: 'paid' | 'failed'): Promise<boolean> {
    if (!(await this.#table.settle(id, outcome, 'the sandbox was told to refuse it'))) return false;
    const row = await this.#table.find(id);
    if (row !== undefined) for (const listener of this.#listeners) listener(id, outcomeOf(row));
    return true;
  }

  async #outcome(row: SandboxRow): Promise<PaymentOutcome> {
    const isOld = row.state === 'pending' && this.#now() - row.created_at >= PENDING_MS;
    if (!isOld) return outcomeOf(row);
    const reason = 'it was not completed in a day';
    await this.#table.settle(row.id, 'failed', reason);
    return outcomeOf((await this.#table.find(row.id)) ?? { ...row, state: 'failed', reason });
  }
}

function outcomeOf({ state, reason }: SandboxRow): PaymentOutcome {
  return state === 'failed' ? { type: 'failed', reason } : { type: state };
}
