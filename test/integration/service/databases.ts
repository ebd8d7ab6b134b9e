import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import {
  type DatabaseOptions,
  openDatabase,
  type OpenDatabase,
} from '../../../server/src/adapters/database/open-database.ts';
import { findPostgres } from '../../support/find-postgres.ts';
import { PostgresServer } from '../../support/postgres.ts';

/** Makes a database of one kind, which goes with its test. */
export type MakeDatabase = () => Promise<DatabaseOptions>;

/** Both kinds of databases, for `describe.each`, or SQLite alone where PostgreSQL is not installed; to be called once in a file. */
export function bothDatabases(): readonly (readonly [name: string, make: MakeDatabase])[] {
  const lite = ['SQLite', () => Promise.resolve(sqlite())] as const;
  if (findPostgres() === undefined) return [lite];
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await PostgresServer.start();
  });
  afterAll(() => postgres.close());
  return [
    lite,
    ['PostgreSQL', async () => ({ type: 'postgres', url: await postgres.makeDatabase() })],
  ];
}

function sqlite(): DatabaseOptions {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-db-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return { type: 'sqlite', file: join(folder, 'shoal.db') };
}

/** Opens it for the rest of the test. */
export async function openForTest(options: DatabaseOptions): Promise<OpenDatabase['db']> {
  const { db, close } = await openDatabase(options);
  onTestFinished(close);
  return db;
}
