import { type Kysely, type Selectable } from 'kysely';
import { type ChannelId } from '@shoal/protocol';
import { BROADCAST_LIMITS } from '../../core/index.ts';
import { type Database } from './schema.ts';

/** A stream key as it is kept: as a digest. */
export type StreamKeyRow = Selectable<Database['stream_keys']>;

/** Stream keys of channels. */
export class StreamKeyTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** Those that open their channel, newest first. */
  list(channel: ChannelId, now: number): Promise<StreamKeyRow[]> {
    return valid(this.#db, now)
      .where('channel', '=', channel)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .execute();
  }

  /** The key of this digest, if it opens its channel. */
  findByDigest(digest: string, now: number): Promise<StreamKeyRow | undefined> {
    return valid(this.#db, now).where('digest', '=', digest).executeTakeFirst();
  }

  /** False when the channel has as many as it may. What was a key long ago is forgotten. */
  add(row: StreamKeyRow): Promise<boolean> {
    return this.#db.transaction().execute(async (db) => {
      await lock(db, row.channel);
      await forget(db, row);
      const valids = await valid(db, row.created_at).where('channel', '=', row.channel).execute();
      if (valids.length >= BROADCAST_LIMITS.keys) return false;
      await db.insertInto('stream_keys').values(row).execute();
      return true;
    });
  }

  /** Puts a new key in the place of another one, which is valid until `until`; false when that is no key any more. */
  rotate(of: { readonly id: string; readonly until: number }, row: StreamKeyRow): Promise<boolean> {
    const { id, until } = of;
    return this.#db.transaction().execute(async (db) => {
      await lock(db, row.channel);
      await forget(db, row);
      const { numUpdatedRows } = await db
        .updateTable('stream_keys')
        .set({ revoked_at: until })
        .where('id', '=', id)
        .where('channel', '=', row.channel)
        .where('revoked_at', 'is', null)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return false;
      // Of those that are still valid for a while the oldest goes where there are too many.
      const valids = await valid(db, row.created_at)
        .where('channel', '=', row.channel)
        .where('revoked_at', 'is not', null)
        .orderBy('revoked_at', 'desc')
        .offset(BROADCAST_LIMITS.keys)
        .limit(BROADCAST_LIMITS.keys)
        .execute();
      for (const { id: old } of valids)
        await db
          .updateTable('stream_keys')
          .set({ revoked_at: row.created_at })
          .where('id', '=', old)
          .execute();
      await db.insertInto('stream_keys').values(row).execute();
      return true;
    });
  }

  /** The key as it was, or undefined when it is none. */
  async revoke(channel: ChannelId, id: string, now: number): Promise<StreamKeyRow | undefined> {
    return this.#db
      .updateTable('stream_keys')
      .set({ revoked_at: now })
      .where('id', '=', id)
      .where('channel', '=', channel)
      .where((eb) => eb.or([eb('revoked_at', 'is', null), eb('revoked_at', '>', now)]))
      .returningAll()
      .executeTakeFirst();
  }

  /** Somebody is let in with it; false when it is no key any more. */
  async use(id: string, now: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('stream_keys')
      .set({ used_at: now })
      .where('id', '=', id)
      .where((eb) => eb.or([eb('revoked_at', 'is', null), eb('revoked_at', '>', now)]))
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }
}

function valid(db: Kysely<Database>, now: number) {
  return db
    .selectFrom('stream_keys')
    .selectAll()
    .where((eb) => eb.or([eb('revoked_at', 'is', null), eb('revoked_at', '>', now)]));
}

/** Written first, so that one at a time counts the keys of a channel. */
async function lock(db: Kysely<Database>, channel: string): Promise<void> {
  await db
    .updateTable('channels')
    .set((set) => ({ version: set('version', '+', 0) }))
    .where('id', '=', channel)
    .execute();
}

async function forget(db: Kysely<Database>, of: StreamKeyRow): Promise<void> {
  await db
    .deleteFrom('stream_keys')
    .where('channel', '=', of.channel)
    .where('revoked_at', '<', of.created_at - BROADCAST_LIMITS.revokedKeyMs)
    .execute();
}
