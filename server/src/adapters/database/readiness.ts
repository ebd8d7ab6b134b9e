import { type Kysely, sql } from 'kysely';
import { withinMs } from '../within-ms.ts';
import { type Database } from './schema.ts';

/** Whether a service should get requests. */
export type Readiness = {
  /** Why it should get none; empty while it should. */
  readonly notReady: () => Promise<readonly string[]>;
  /** It is to end soon, and is not ready from now on. */
  readonly drain: () => void;
};

const ANSWER_MS = 2_000;

/** Ready is what has a database that answers in time, and is not about to end. */
export function readiness(db: Kysely<Database>): Readiness {
  let draining = false;
  return {
    drain: () => {
      draining = true;
    },
    notReady: async () => [
      ...(draining ? ['it is being stopped'] : []),
      ...((await answers(db)) ? [] : ['the database does not answer']),
    ],
  };
}

async function answers(db: Kysely<Database>): Promise<boolean> {
  try {
    await withinMs(ANSWER_MS, sql`SELECT 1`.execute(db), () => new Error('no answer in time'));
    return true;
  } catch {
    return false;
  }
}
