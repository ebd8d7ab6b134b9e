import { type Kysely, type Selectable, sql, type Updateable } from 'kysely';
import { type ChannelId, type FeedAudience, type FeedEvent } from '@shoal/protocol';
import { type Broadcast, BROADCAST_LIMITS, type BroadcastState } from '../../core/index.ts';
import { below, cursorOf, type Page, type Paged, pageOf } from './page.ts';
import { type Database } from './schema.ts';

/** A broadcast as it is kept. */
export type BroadcastRow = Selectable<Database['broadcasts']>;

/** A stream as it is kept. */
export type StreamRow = Selectable<Database['streams']>;

const UNDER_WAY = ['testing', 'live', 'interrupted'];
const PLANNED = ['created', 'ready'];
const PUBLIC = ['live', 'interrupted', 'complete', 'archived'];
const OVER = ['complete', 'archived', 'revoked'];

/** More announcements than one turn can make. */
const PLACES = 100;

/** Broadcasts and streams of channels. What changes does so in turns: one at a time for each channel, whatever process it is in. */
export class BroadcastTable {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  find(channel: ChannelId, id: string): Promise<BroadcastRow | undefined> {
    return find(this.#db, channel, id);
  }

  /** Newest first: all of them, or those that viewers may know of. */
  async list(
    channel: ChannelId,
    { limit, cursor }: Page,
    which: 'all' | 'public',
  ): Promise<Paged<BroadcastRow>> {
    const query = this.#db.selectFrom('broadcasts').selectAll().where('channel', '=', channel);
    const chosen = which === 'all' ? query : query.where('state', 'in', PUBLIC);
    const rows = await chosen
      .where(below(cursor))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute();
    return pageOf(rows, limit, cursorOf);
  }

  underWay(channel: ChannelId): Promise<BroadcastRow | undefined> {
    return underWay(this.#db, channel);
  }

  /** Those that were on at some time in between, revoked ones too. */
  onAir(
    channel: ChannelId,
    { from, to }: { readonly from: number; readonly to: number },
  ): Promise<BroadcastRow[]> {
    return this.#db
      .selectFrom('broadcasts')
      .selectAll()
      .where('channel', '=', channel)
      .where('started_at', '<', to)
      .where((eb) => eb.or([eb('ended_at', 'is', null), eb('ended_at', '>', from)]))
      .orderBy('started_at', 'desc')
      .limit(BROADCAST_LIMITS.kept)
      .execute();
  }

  stream(channel: ChannelId): Promise<StreamRow | undefined> {
    return this.#db
      .selectFrom('streams')
      .selectAll()
      .where('channel', '=', channel)
      .executeTakeFirst();
  }

  /** Channels whose stream was there when it was last heard of. */
  async onlineChannels(): Promise<ChannelId[]> {
    const rows = await this.#db
      .selectFrom('streams')
      .select('channel')
      .where('state', '<>', 'offline')
      .execute();
    return rows.map(({ channel }) => channel as ChannelId); // kept as it was checked
  }

  /** Changes something of a channel's broadcasts, all of it or, where `run` throws, nothing. */
  inTurn<T>(channel: ChannelId, now: number, run: (turn: Turn) => Promise<T>): Promise<T> {
    return this.#db.transaction().execute(async (db) => {
      const fresh: StreamRow = {
        ...{ channel, state: 'offline', shown: 'offline', since: 0, barred: 0, turns: 1 },
        ...{ online_at: null, changed_at: 0, health: '', health_at: null, created_at: now },
      };
      // Written before anything is read: whoever else comes waits here.
      const stream = await db
        .insertInto('streams')
        .values(fresh)
        .onConflict((conflict) =>
          conflict
            .column('channel')
            .doUpdateSet((set) => ({ turns: set('streams.turns', '+', 1) })),
        )
        .returningAll()
        .executeTakeFirstOrThrow();
      return run(new Turn(db, { channel, stream, now }));
    });
  }
}

/** One change of a channel's broadcasts, within a transaction. */
export class Turn {
  readonly now: number;
  readonly #db: Kysely<Database>;
  readonly #channel: ChannelId;
  #stream: StreamRow;
  #announced = 0;

  constructor(
    db: Kysely<Database>,
    of: { readonly channel: ChannelId; readonly stream: StreamRow; readonly now: number },
  ) {
    this.#db = db;
    this.#channel = of.channel;
    this.#stream = of.stream;
    this.now = of.now;
  }

  get stream(): StreamRow {
    return this.#stream;
  }

  find(id: string): Promise<BroadcastRow | undefined> {
    return find(this.#db, this.#channel, id);
  }

  underWay(): Promise<BroadcastRow | undefined> {
    return underWay(this.#db, this.#channel);
  }

  /** In the order in which they are to be: by the time that was said, then by age. */
  ready(): Promise<BroadcastRow[]> {
    return this.#db
      .selectFrom('broadcasts')
      .selectAll()
      .where('channel', '=', this.#channel)
      .where('state', '=', 'ready')
      .orderBy(sql`case when scheduled_at is null then 1 else 0 end`)
      .orderBy('scheduled_at')
      .orderBy('created_at')
      .orderBy('id')
      .limit(BROADCAST_LIMITS.planned)
      .execute();
  }

  async planned(): Promise<number> {
    const { count } = await this.#db
      .selectFrom('broadcasts')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('channel', '=', this.#channel)
      .where('state', 'in', PLANNED)
      .executeTakeFirstOrThrow();
    return count;
  }

  async title(): Promise<string> {
    const row = await this.#db
      .selectFrom('channels')
      .select('title')
      .where('id', '=', this.#channel)
      .executeTakeFirst();
    return row?.title ?? '';
  }

  /** Adds one; the oldest that is over goes where there are too many. */
  async insert(row: BroadcastRow): Promise<void> {
    await this.#db.insertInto('broadcasts').values(row).execute();
    await this.#db
      .deleteFrom('broadcasts')
      .where('id', 'in', (sub) =>
        sub
          .selectFrom('broadcasts')
          .select('id')
          .where('channel', '=', this.#channel)
          .where('state', 'in', OVER)
          .orderBy('created_at', 'desc')
          .orderBy('id', 'desc')
          .limit(BROADCAST_LIMITS.planned)
          .offset(BROADCAST_LIMITS.kept),
      )
      .execute();
  }

  update(
    row: BroadcastRow,
    change: Omit<Updateable<Database['broadcasts']>, 'id' | 'channel' | 'version'>,
  ): Promise<BroadcastRow> {
    return this.#db
      .updateTable('broadcasts')
      .set({ ...change, version: row.version + 1 })
      .where('id', '=', row.id)
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  async updateStream(change: Omit<Updateable<StreamRow>, 'channel' | 'turns'>): Promise<void> {
    this.#stream = await this.#db
      .updateTable('streams')
      .set(change)
      .where('channel', '=', this.#channel)
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  /** Has something told when all of this is done, under an id of its own. */
  async announce(audience: FeedAudience, event: FeedEvent, id: string): Promise<void> {
    const place = this.#stream.turns * PLACES + this.#announced;
    this.#announced += 1;
    await this.#db
      .insertInto('announcements')
      .values({
        ...{ id, channel: this.#channel, place, audience },
        ...{ event: JSON.stringify(event), at: this.now },
      })
      .execute();
  }

  /** Notes a recording of which viewers need not be told any more; false when it was noted before. The oldest notes go. */
  async noteVod(recording: number): Promise<boolean> {
    const channel = this.#channel;
    const { numInsertedOrUpdatedRows = 0n } = await this.#db
      .insertInto('vods')
      .values({ channel, recording, noted_at: this.now })
      .onConflict((conflict) => conflict.columns(['channel', 'recording']).doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows === 0n) return false;
    await this.#db
      .deleteFrom('vods')
      .where('channel', '=', channel)
      .where('recording', '<=', (sub) =>
        sub
          .selectFrom('vods')
          .select('recording')
          .where('channel', '=', channel)
          .orderBy('recording', 'desc')
          .limit(1)
          .offset(BROADCAST_LIMITS.vods),
      )
      .execute();
    return true;
  }
}

/** What the rules of a broadcast look at. */
export function readBroadcast(row: BroadcastRow): Broadcast {
  return {
    state: row.state as BroadcastState, // written from one
    ...{ autoStart: row.auto_start === 1, autoStop: row.auto_stop === 1 },
    ...{ startedAt: row.started_at ?? undefined, endedAt: row.ended_at ?? undefined },
  };
}

function find(
  db: Kysely<Database>,
  channel: ChannelId,
  id: string,
): Promise<BroadcastRow | undefined> {
  return db
    .selectFrom('broadcasts')
    .selectAll()
    .where('channel', '=', channel)
    .where('id', '=', id)
    .executeTakeFirst();
}

function underWay(db: Kysely<Database>, channel: ChannelId): Promise<BroadcastRow | undefined> {
  return db
    .selectFrom('broadcasts')
    .selectAll()
    .where('channel', '=', channel)
    .where('state', 'in', UNDER_WAY)
    .executeTakeFirst();
}
