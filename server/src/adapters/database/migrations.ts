import {
  type CreateTableBuilder,
  type Kysely,
  type Migration,
  type MigrationProvider,
  sql,
} from 'kysely';

type Table = CreateTableBuilder<string, string>;
type Type = 'text' | 'integer' | 'bigint';

/** What a column may be; those that may not be null say so by having no `?`. */
type Columns = Readonly<Record<string, Type | `${Type}?`>>;

async function table(
  db: Kysely<unknown>,
  name: string,
  of: { readonly columns: Columns; readonly key: readonly string[] },
): Promise<void> {
  let made: Table = db.schema.createTable(name);
  for (const [column, type] of Object.entries(of.columns)) {
    const nullable = type.endsWith('?');
    const plain = (nullable ? type.slice(0, -1) : type) as Type; // what the pattern leaves
    made = made.addColumn(column, plain, (at) => (nullable ? at : at.notNull()));
  }
  await made.addPrimaryKeyConstraint(`${name}_key`, [...of.key] as never[]).execute();
}

async function index(
  db: Kysely<unknown>,
  on: readonly [table: string, ...columns: readonly string[]],
  unique = false,
): Promise<void> {
  const [name, ...columns] = on;
  const made = db.schema
    .createIndex(`${name}_by_${columns.join('_')}`)
    .on(name)
    .columns(columns);
  await (unique ? made.unique() : made).execute();
}

const first: Migration = {
  up: async (db: Kysely<unknown>) => {
    await table(db, 'channels', {
      columns: {
        ...{ id: 'text', title: 'text', category: 'text', tags: 'text', owner: 'text?' },
        ...{ thumbnail: 'text?' },
        ...{ chat_mode: 'text', chat_slow_seconds: 'integer', chat_blocked_words: 'text' },
        ...{ version: 'integer', created_at: 'bigint', updated_at: 'bigint' },
      },
      key: ['id'],
    });
    await table(db, 'stream_keys', {
      columns: {
        ...{ id: 'text', channel: 'text', digest: 'text', hint: 'text' },
        ...{ created_at: 'bigint', revoked_at: 'bigint?', used_at: 'bigint?' },
      },
      key: ['id'],
    });
    await index(db, ['stream_keys', 'digest'], true);
    await index(db, ['stream_keys', 'channel']);
    await table(db, 'broadcasts', {
      columns: {
        ...{ id: 'text', channel: 'text', title: 'text', state: 'text' },
        ...{ auto_start: 'integer', auto_stop: 'integer', scheduled_at: 'bigint?' },
        ...{ created_at: 'bigint', started_at: 'bigint?', ended_at: 'bigint?', version: 'integer' },
      },
      key: ['id'],
    });
    await index(db, ['broadcasts', 'channel', 'created_at', 'id']);
    await streams(db);
    await table(db, 'tokens', {
      columns: {
        ...{ id: 'text', digest: 'text', type: 'text', user_id: 'text', name: 'text' },
        ...{ guest: 'integer', channel: 'text?' },
        ...{ created_at: 'bigint', expires_at: 'bigint?', revoked_at: 'bigint?' },
      },
      key: ['id'],
    });
    await index(db, ['tokens', 'digest'], true);
    await index(db, ['tokens', 'expires_at']);
    await index(db, ['tokens', 'user_id']);
    await index(db, ['tokens', 'channel', 'created_at']);
    await people(db);
    await chat(db);
    await money(db);
    await hooks(db);
    await feeds(db);
  },
};

async function streams(db: Kysely<unknown>): Promise<void> {
  // What the turns of channels see to; the database has it that nothing else can be.
  await sql`create unique index broadcasts_under_way on broadcasts (channel)
    where state in ('testing', 'live', 'interrupted')`.execute(db);
  await table(db, 'streams', {
    columns: {
      ...{ channel: 'text', state: 'text', shown: 'text', since: 'bigint', barred: 'integer' },
      ...{ online_at: 'bigint?', changed_at: 'bigint', health: 'text', health_at: 'bigint?' },
      ...{ turns: 'bigint', created_at: 'bigint' },
    },
    key: ['channel'],
  });
  await table(db, 'announcements', {
    columns: {
      ...{ id: 'text', channel: 'text', place: 'bigint', audience: 'text' },
      ...{ event: 'text', at: 'bigint' },
    },
    key: ['id'],
  });
  await index(db, ['announcements', 'channel', 'place'], true);
  await table(db, 'playback_shares', {
    columns: {
      channel: 'text',
      process: 'text',
      viewers: 'integer',
      troubled: 'integer',
      at: 'bigint',
    },
    key: ['channel', 'process'],
  });
  await table(db, 'vods', {
    columns: { channel: 'text', recording: 'bigint', noted_at: 'bigint' },
    key: ['channel', 'recording'],
  });
}

async function people(db: Kysely<unknown>): Promise<void> {
  await table(db, 'moderators', {
    columns: {
      channel: 'text',
      user_id: 'text',
      name: 'text',
      added_at: 'bigint',
      added_by: 'text',
    },
    key: ['channel', 'user_id'],
  });
  await table(db, 'followers', {
    columns: { channel: 'text', user_id: 'text', since: 'bigint' },
    key: ['channel', 'user_id'],
  });
  await table(db, 'bans', {
    columns: {
      ...{ channel: 'text', user_id: 'text', until: 'bigint?' },
      ...{ reason: 'text', by: 'text', at: 'bigint' },
    },
    key: ['channel', 'user_id'],
  });
  await index(db, ['bans', 'channel', 'at', 'user_id']);
}

async function chat(db: Kysely<unknown>): Promise<void> {
  await table(db, 'chat_messages', {
    columns: {
      ...{ id: 'text', channel: 'text', author_id: 'text', author_name: 'text' },
      ...{ author_rank: 'text', text: 'text', at: 'bigint', seq: 'bigint?' },
      ...{ deleted_at: 'bigint?', deleted_by: 'text?', untold: 'integer' },
    },
    key: ['id'],
  });
  await index(db, ['chat_messages', 'channel', 'seq']);
  await index(db, ['chat_messages', 'channel', 'author_id', 'at']);
  await table(db, 'chat_writers', {
    columns: {
      ...{ channel: 'text', user_id: 'text', times: 'text' },
      ...{ last_at: 'bigint', version: 'integer' },
    },
    key: ['channel', 'user_id'],
  });
  await index(db, ['chat_writers', 'last_at']);
  await index(db, ['chat_messages', 'untold', 'at']);
  await table(db, 'reports', {
    columns: {
      ...{ id: 'text', channel: 'text', message: 'text', reporter: 'text' },
      ...{ reason: 'text', at: 'bigint', resolved_at: 'bigint?', resolved_by: 'text?' },
    },
    key: ['id'],
  });
  await index(db, ['reports', 'message', 'reporter'], true);
  await index(db, ['reports', 'channel', 'at', 'id']);
}

async function money(db: Kysely<unknown>): Promise<void> {
  await table(db, 'subscriptions', {
    columns: {
      ...{ id: 'text', channel: 'text', user_id: 'text', name: 'text', tier: 'text' },
      ...{ state: 'text', renews: 'integer', months: 'integer', since: 'bigint' },
      ...{ periods: 'integer', expires_at: 'bigint', failures: 'integer', due_at: 'bigint?' },
      ...{ method: 'text?', created_at: 'bigint', version: 'integer' },
    },
    key: ['id'],
  });
  await index(db, ['subscriptions', 'channel', 'user_id'], true);
  await index(db, ['subscriptions', 'channel', 'created_at', 'id']);
  await index(db, ['subscriptions', 'due_at']);
  await table(db, 'payments', {
    columns: {
      ...{ id: 'text', channel: 'text', purpose: 'text', subject: 'text', giver: 'text?' },
      ...{ minor_units: 'bigint', currency: 'text', state: 'text', reason: 'text?' },
      ...{ created_at: 'bigint', ask_at: 'bigint', settled_at: 'bigint?' },
    },
    key: ['id'],
  });
  await index(db, ['payments', 'state', 'ask_at']);
  await table(db, 'sandbox_payments', {
    columns: { id: 'text', state: 'text', reason: 'text', created_at: 'bigint' },
    key: ['id'],
  });
  await table(db, 'donations', {
    columns: {
      ...{ id: 'text', channel: 'text', from_id: 'text', from_name: 'text' },
      ...{ minor_units: 'bigint', currency: 'text', message: 'text', state: 'text' },
      ...{ created_at: 'bigint', paid_at: 'bigint?' },
    },
    key: ['id'],
  });
  await index(db, ['donations', 'channel', 'created_at', 'id']);
  await table(db, 'outbox', {
    columns: {
      ...{ id: 'text', channel: 'text', event: 'text' },
      ...{ created_at: 'bigint', seq: 'bigint?', acknowledged_at: 'bigint?' },
    },
    key: ['id'],
  });
  await index(db, ['outbox', 'seq', 'created_at']);
  await index(db, ['outbox', 'channel', 'acknowledged_at', 'created_at']);
}

async function hooks(db: Kysely<unknown>): Promise<void> {
  await table(db, 'webhooks', {
    columns: {
      ...{ id: 'text', channel: 'text', url: 'text', secrets: 'text', types: 'text?' },
      ...{ active: 'integer', disabled_reason: 'text?', failing_since: 'bigint?' },
      ...{ after_viewers: 'bigint', after_streamer: 'bigint' },
      ...{ created_at: 'bigint', version: 'integer' },
    },
    key: ['id'],
  });
  await index(db, ['webhooks', 'channel']);
  await table(db, 'deliveries', {
    columns: {
      ...{ id: 'text', webhook: 'text', event_id: 'text', event_type: 'text', body: 'text' },
      ...{ state: 'text', attempts: 'integer', next_at: 'bigint', created_at: 'bigint' },
      ...{ last_status: 'integer?', last_error: 'text?' },
    },
    key: ['id'],
  });
  await index(db, ['deliveries', 'state', 'next_at']);
  await index(db, ['deliveries', 'webhook', 'created_at', 'id']);
  await index(db, ['deliveries', 'webhook', 'event_id'], true);
  await table(db, 'idempotency', {
    columns: {
      ...{ actor: 'text', key: 'text', digest: 'text' },
      ...{ status: 'integer?', body: 'text?', headers: 'text?', made: 'text' },
      ...{ lease_until: 'bigint', expires_at: 'bigint' },
    },
    key: ['actor', 'key'],
  });
  await index(db, ['idempotency', 'expires_at']);
}

async function feeds(db: Kysely<unknown>): Promise<void> {
  await table(db, 'facts', { columns: { name: 'text', value: 'text' }, key: ['name'] });
  await table(db, 'feeds', {
    columns: { channel: 'text', audience: 'text', seq: 'bigint' },
    key: ['channel', 'audience'],
  });
  await table(db, 'feed_events', {
    columns: { channel: 'text', audience: 'text', seq: 'bigint', id: 'text', envelope: 'text' },
    key: ['channel', 'audience', 'seq'],
  });
  await index(db, ['feed_events', 'channel', 'audience', 'id'], true);
}

/** All of them, in order; the names are never changed, since databases remember them. */
export const MIGRATIONS: MigrationProvider = {
  getMigrations: () => Promise.resolve({ '0001-begin': first }),
};
