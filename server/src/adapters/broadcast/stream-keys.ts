import { type ChannelId, err, ok, type Result } from '@shoal/protocol';
import { BROADCAST_LIMITS } from '../../core/index.ts';
import { type BroadcastTable } from '../database/broadcast-table.ts';
import { type StreamKeyRow, type StreamKeyTable } from '../database/stream-key-table.ts';

/** What stream keys need of the rest of the service. */
export type StreamKeysPorts = {
  readonly keys: StreamKeyTable;
  readonly table: BroadcastTable;
  readonly digestOf: (secret: string) => string;
  readonly newSecret: () => string;
  readonly now: () => number;
  readonly newId: () => string;
  /** Ends the connection of who publishes to a channel. */
  readonly drop: (channel: ChannelId, reason: string) => void;
};

/** A key that was made, and what is kept of it. */
export type MadeKey = { readonly key: string; readonly row: StreamKeyRow };

/** Characters of a key that are kept, so that people can tell it from others. */
const HINT = 4;
const REVOKED = 'the stream key is no longer valid';

/** Keys with which encoders publish (KEY-1). Each is shown once, and kept as a digest. */
export class StreamKeys {
  readonly #ports: StreamKeysPorts;
  readonly #late = new Set<NodeJS.Timeout>();

  constructor(ports: StreamKeysPorts) {
    this.#ports = ports;
  }

  list(channel: ChannelId): Promise<StreamKeyRow[]> {
    return this.#ports.keys.list(channel, this.#ports.now());
  }

  /** Undefined where the channel has as many as it may. */
  async make(channel: ChannelId): Promise<MadeKey | undefined> {
    const made = this.#make(channel);
    return (await this.#ports.keys.add(made.row)) ? made : undefined;
  }

  /** A new key in the place of one that is valid for `graceMs` more. Of one without grace the publisher is dropped. */
  async rotate(
    channel: ChannelId,
    id: string,
    graceMs: number,
  ): Promise<Result<MadeKey, 'not-found'>> {
    const { keys } = this.#ports;
    const before = (await this.list(channel)).find((row) => row.id === id);
    const made = this.#make(channel);
    const until = made.row.created_at + Math.min(graceMs, BROADCAST_LIMITS.keyGraceMs);
    if (before === undefined || !(await keys.rotate({ id, until }, made.row)))
      return err('not-found');
    if (graceMs === 0) await this.#dropUser(channel, before);
    return ok(made);
  }

  /** It opens nothing from now on, and who publishes with it is dropped; false when it is no key. */
  async revoke(channel: ChannelId, id: string): Promise<boolean> {
    const { keys, now } = this.#ports;
    const row = await keys.revoke(channel, id, now());
    if (row === undefined) return false;
    await this.#dropUser(channel, row);
    return true;
  }

  close(): void {
    for (const timer of this.#late) clearTimeout(timer);
  }

  /** Which key a stream was begun with is known by when keys were used: where it may have been this one, it is over. */
  async #dropUser(channel: ChannelId, { used_at: usedAt }: StreamKeyRow): Promise<void> {
    const { table, drop, now } = this.#ports;
    const stream = await table.stream(channel);
    if (usedAt === null) return;
    const begun = stream?.state === 'online' ? (stream.online_at ?? 0) : now();
    if (usedAt >= begun - BROADCAST_LIMITS.keyUseMs) drop(channel, REVOKED);
    if (usedAt < now() - BROADCAST_LIMITS.keyLateMs) return;
    const timer = setTimeout(() => {
      this.#late.delete(timer);
      drop(channel, REVOKED);
    }, BROADCAST_LIMITS.keyLateMs);
    this.#late.add(timer.unref());
  }

  #make(channel: ChannelId): MadeKey {
    const { digestOf, newSecret, now, newId } = this.#ports;
    const key = newSecret();
    return {
      key,
      row: {
        ...{ id: newId(), channel, digest: digestOf(key), hint: key.slice(-HINT) },
        ...{ created_at: now(), revoked_at: null, used_at: null },
      },
    };
  }
}
