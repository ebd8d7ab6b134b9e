import { type Kysely, sql } from 'kysely';
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
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, ANSWER_MS);
  });
  const asked = sql`SELECT 1`.execute(db).then(
    () => true,
    () => false,
  );
  const answered = await Promise.race([asked, late]);
  clearTimeout(timer);
  return answered;
}
