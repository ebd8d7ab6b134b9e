import { describe, expect, it } from 'vitest';
import { type TokenRow, TokenTable } from '../../../server/src/adapters/database/token-table.ts';
import { bothDatabases, openForTest } from './databases.ts';

function row(id: string): TokenRow {
  return {
    ...{ id, digest: id, type: 'admin', user_id: 'admin', name: 'admin', guest: 0 },
    ...{ channel: null, created_at: 1, expires_at: null, revoked_at: null },
  };
}

describe.each(bothDatabases())('the first token of an operator, in %s', (_, make) => {
  it('ACC-3 is made by one of several processes that begin at once, and again when none holds', async () => {
    const database = await make();
    // SQLite has one process.
    const one = new TokenTable(await openForTest(database));
    const two = database.type === 'sqlite' ? one : new TokenTable(await openForTest(database));
    const begin = async (run: string): Promise<readonly string[]> => {
      const ids = Array.from({ length: 8 }, (__, i) => `${run}${i}`);
      const made = await Promise.all(
        ids.map((id, i) => (i % 2 === 0 ? one : two).insertFirstAdmin(row(id), 5)),
      );
      return ids.filter((__, i) => made[i] === true);
    };
    const [first = '', ...others] = await begin('a');
    expect(others).toEqual([]);
    expect(first).toMatch(/^a/);
    expect(await begin('b')).toEqual([]);
    await two.revoke(first, 6);
    expect(await begin('c')).toHaveLength(1);
  });
});
