import { type ChannelId, err, ok, type Result } from '@shoal/protocol';
import {
  audienceOf,
  barsChannel,
  type Broadcast,
  BROADCAST_LIMITS,
  type BroadcastState,
  follow,
  isUnderWay,
  request,
  type RequestedState,
  shownStream,
  type Stream,
  type BroadcastHealth,
  healthKey,
  streamStep,
} from '../../core/index.ts';
import {
  type BroadcastRow,
  type BroadcastTable,
  readBroadcast,
  type Turn,
} from '../database/broadcast-table.ts';
import { type Announcer } from './announcer.ts';

/** What broadcasts need of the rest of the service. */
export type BroadcastsPorts = {
  readonly table: BroadcastTable;
  readonly announcer: Announcer;
  readonly now: () => number;
  /** An id that was never given before. */
  readonly newId: () => string;
  /** Ends the connection of who publishes to a channel. */
  readonly drop: (channel: ChannelId, reason: string) => void;
};

/** What of a broadcast its streamer chooses. */
export type BroadcastChoices = {
  readonly title: string;
  readonly autoStart: boolean;
  readonly autoStop: boolean;
  /** Unix milliseconds. */
  readonly scheduledAt: number | null;
};

/** Why something about a broadcast cannot be. */
export type BroadcastRefusal = {
  readonly code:
    | 'not-found'
    | 'changed-meanwhile'
    | 'illegal-transition'
    | 'broadcast-under-way'
    | 'broadcast-over'
    | 'too-many-broadcasts';
  /** For people. */
  readonly reason: string;
};

/** A broadcast, and which version of it is meant; undefined for whichever there is. */
type Meant = { readonly id: string; readonly version?: number | undefined };

type Moved = {
  readonly result: Result<BroadcastRow, BroadcastRefusal>;
  readonly dropped: boolean;
};

/** Until when nobody publishes to a channel: not at all, until another broadcast is ready, or until the operator makes one ready. */
const BARRED = { not: 0, untilReady: 1, byOperator: 2 } as const;
const REVOKED = 'the broadcast was taken down';

/** Moves broadcasts, as the API asks and as streams change, and tells of it. */
export class Broadcasts {
  readonly #ports: BroadcastsPorts;

  constructor(ports: BroadcastsPorts) {
    this.#ports = ports;
  }

  /** Makes a draft. */
  create(
    channel: ChannelId,
    choices: BroadcastChoices,
  ): Promise<Result<BroadcastRow, BroadcastRefusal>> {
    return this.#inTurn(channel, async (turn) => {
      if ((await turn.planned()) >= BROADCAST_LIMITS.planned)
        return err({
          code: 'too-many-broadcasts',
          reason: `a channel has at most ${BROADCAST_LIMITS.planned} broadcasts that are to come`,
        });
      const row = this.#fresh(turn, choices, 'created');
      await turn.insert(row);
      await this.#announce(turn, row);
      return ok(row);
    });
  }

  /** Changes what its streamer chooses; of one that is over, the title alone. */
  change(
    channel: ChannelId,
    { id, version }: Meant,
    choices: Partial<BroadcastChoices>,
  ): Promise<Result<BroadcastRow, BroadcastRefusal>> {
    return this.#inTurn(channel, async (turn) => {
      const row = await turn.find(id);
      if (row === undefined) return err(NOT_FOUND);
      if (version !== undefined && version !== row.version) return err(CHANGED);
      const { title, autoStart, autoStop, scheduledAt } = choices;
      const over = ['complete', 'archived', 'revoked'].includes(row.state);
      if (over && [autoStart, autoStop, scheduledAt].some((choice) => choice !== undefined))
        return err({
          code: 'broadcast-over',
          reason: `of a broadcast that is ${row.state} only the title can be changed`,
        });
      const changed = await turn.update(row, {
        ...(title !== undefined && { title }),
        ...(autoStart !== undefined && { auto_start: autoStart ? 1 : 0 }),
        ...(autoStop !== undefined && { auto_stop: autoStop ? 1 : 0 }),
        ...(scheduledAt !== undefined && { scheduled_at: scheduledAt }),
      });
      return ok(changed);
    });
  }

  /** Moves it (BRD-2); the same state again changes nothing. */
  async transition(
    channel: ChannelId,
    { id, version, byOperator = false }: Meant & { readonly byOperator?: boolean },
    to: RequestedState,
  ): Promise<Result<BroadcastRow, BroadcastRefusal>> {
    const moved = await this.#inTurn(channel, async (turn): Promise<Moved> => {
      const row = await turn.find(id);
      if (row === undefined) return refused(NOT_FOUND);
      if (version !== undefined && version !== row.version) return refused(CHANGED);
      const before = readBroadcast(row);
      const streamOnline = turn.stream.state === 'online';
      const asked = request(before, to, { streamOnline, now: turn.now });
      if (!asked.ok) return refused({ code: 'illegal-transition', reason: asked.error.reason });
      if (asked.value.state === before.state) return { result: ok(row), dropped: false };
      const other = await turn.underWay();
      if (isUnderWay(to) && other !== undefined && other.id !== id)
        return refused({
          code: 'broadcast-under-way',
          reason: `another broadcast of the channel is ${other.state}: ${other.id}`,
        });
      const next = await this.#move(turn, row, asked.value);
      if (to === 'ready' && (byOperator || turn.stream.barred !== BARRED.byOperator))
        await turn.updateStream({ barred: BARRED.not });
      const bars = barsChannel(before.state, to);
      if (bars) await turn.updateStream({ barred: await this.#bar(turn, byOperator) });
      return { result: ok(next), dropped: bars && streamOnline };
    });
    if (moved.dropped) this.#ports.drop(channel, REVOKED);
    return moved.result;
  }

  async #bar(turn: Turn, byOperator: boolean): Promise<number> {
    if (byOperator) return BARRED.byOperator;
    return (await turn.ready()).length > 0 ? BARRED.not : BARRED.untilReady;
  }

  /**
   * The stream of a channel is as its origin says. What was said earlier than what is known is not believed for a while, since several
   * processes may hear it.
   */
  async streamIs({ channel, state, since }: Stream): Promise<void> {
    const isDropped = await this.#inTurn(channel, async (turn) => {
      const before = turn.stream;
      const young = turn.now - before.changed_at < BROADCAST_LIMITS.staleMs;
      const stale = since < before.since && young;
      if (before.state !== state && !stale) await this.#streamChanges(turn, { state, since });
      return state === 'online' && before.barred !== BARRED.not;
    });
    if (isDropped) this.#ports.drop(channel, REVOKED);
  }

  /** The origin has the channel no more. */
  async streamIsGone(channel: ChannelId): Promise<void> {
    await this.#inTurn(channel, async (turn) => {
      const { state, since } = turn.stream;
      if (state !== 'offline') await this.#streamChanges(turn, { state: 'offline', since });
    });
  }

  /** Tells the streamer of the health of the stream, if it is another one than was told (HLT-3); false where it is too soon for that. */
  healthIs(channel: ChannelId, health: BroadcastHealth): Promise<boolean> {
    return this.#inTurn(channel, async (turn) => {
      const key = healthKey(health);
      const { state, health: told, health_at: at } = turn.stream;
      if (state === 'offline' || told === key) return true;
      if (at !== null && turn.now - at < BROADCAST_LIMITS.healthMs) return false;
      await turn.updateStream({ health: key, health_at: turn.now });
      const { status, issues } = health;
      const shown = issues.map(({ type, description }) => ({ type, description }));
      const event = { type: 'stream.health', data: { status, issues: shown } } as const;
      await turn.announce('streamer', event, this.#ports.newId());
      return true;
    });
  }

  /** A recording can be played; viewers are told once, unless it is from before the channel was known, or was taken down. */
  async vodIsReady(
    channel: ChannelId,
    vod: {
      readonly recording: number;
      readonly endAt: number;
      readonly playlist: string;
      readonly broadcast: BroadcastRow | undefined;
    },
  ): Promise<void> {
    const { recording, endAt, playlist, broadcast } = vod;
    await this.#inTurn(channel, async (turn) => {
      if (!(await turn.noteVod(recording))) return;
      if (endAt < turn.stream.created_at || broadcast?.state === 'revoked') return;
      const data = { broadcast: broadcast?.id ?? null, playlist };
      await turn.announce('viewers', { type: 'vod.ready', data }, this.#ports.newId());
    });
  }

  async #streamChanges(
    turn: Turn,
    { state, since }: Pick<Stream, 'state' | 'since'>,
  ): Promise<void> {
    const before = { state: turn.stream.state, barred: turn.stream.barred !== BARRED.not };
    const comes = state === 'online' && before.state === 'offline';
    await turn.updateStream({
      ...{ state, since, changed_at: turn.now },
      ...(comes && { online_at: turn.now }),
      ...(state === 'offline' && { health: '', health_at: null }),
    });
    const [current, waiting] = [await turn.underWay(), await turn.ready()];
    const step = streamStep(before, state, {
      underWay: current && { ...readBroadcast(current), row: current },
      ready: waiting.map((row) => ({ ...readBroadcast(row), row })),
    });
    if (step.type === 'follow') {
      const { row, ...broadcast } = step.broadcast;
      const next = follow(broadcast, state, turn.now);
      if (next.state !== broadcast.state) await this.#move(turn, row, next);
    }
    if (step.type === 'make') {
      const choices = { title: await turn.title(), autoStart: true, autoStop: true };
      const row = this.#fresh(turn, { ...choices, scheduledAt: null }, 'ready');
      await turn.insert(row);
      await this.#move(turn, row, follow(readBroadcast(row), state, turn.now));
    }
  }

  /** Writes where a broadcast is now; viewers are told of the stream first. */
  async #move(turn: Turn, row: BroadcastRow, after: Broadcast): Promise<BroadcastRow> {
    const next = await turn.update(row, {
      state: after.state,
      started_at: after.startedAt ?? null,
      ended_at: after.endedAt ?? null,
    });
    const shown = shownStream((await turn.underWay())?.state as BroadcastState | undefined); // written from one
    if (shown !== turn.stream.shown) {
      await turn.updateStream({ shown });
      const event = { type: `stream.${shown}`, data: {} } as const;
      await turn.announce('viewers', event, this.#ports.newId());
    }
    await this.#announce(turn, next);
    return next;
  }

  async #announce(turn: Turn, row: BroadcastRow): Promise<void> {
    const data = { broadcast: row.id, state: row.state, title: row.title };
    const event = { type: 'broadcast.transitioned', data } as const;
    await turn.announce(audienceOf(readBroadcast(row)), event, this.#ports.newId());
  }

  #fresh(
    turn: Turn,
    { title, autoStart, autoStop, scheduledAt }: BroadcastChoices,
    state: BroadcastState,
  ): BroadcastRow {
    const { channel } = turn.stream;
    return {
      ...{ id: this.#ports.newId(), channel, title, state, version: 1 },
      ...{ auto_start: autoStart ? 1 : 0, auto_stop: autoStop ? 1 : 0, scheduled_at: scheduledAt },
      ...{ created_at: turn.now, started_at: null, ended_at: null },
    };
  }

  async #inTurn<T>(channel: ChannelId, run: (turn: Turn) => Promise<T>): Promise<T> {
    const { table, announcer, now } = this.#ports;
    const done = await table.inTurn(channel, now(), run);
    await announcer.tell(channel);
    return done;
  }
}

function refused(why: BroadcastRefusal): Moved {
  return { result: err(why), dropped: false };
}

const NOT_FOUND: BroadcastRefusal = { code: 'not-found', reason: 'no such broadcast' };
const CHANGED: BroadcastRefusal = {
  code: 'changed-meanwhile',
  reason: 'it was changed meanwhile: read it again',
};
