import { type ChannelId, parseChannelId } from '@shoal/protocol';
import { type AccessAnswer, type AccessRequest } from '../../core/index.ts';
import { type BroadcastTable } from '../database/broadcast-table.ts';
import { type ChannelTable } from '../database/channel-table.ts';
import { type StreamKeyTable } from '../database/stream-key-table.ts';

/** What access is decided by. */
export type PublishAccessPorts = {
  readonly keys: StreamKeyTable;
  readonly channels: ChannelTable;
  readonly table: BroadcastTable;
  readonly digestOf: (secret: string) => string;
  readonly now: () => number;
};

/** What of a request access is decided by; actions that are not known are refused. */
export type Asked = Pick<AccessRequest, 'path' | 'token' | 'password'> & {
  readonly action: string;
};

const NO_KEY = 'there is no such stream key';
/** Longer than any key of ours. */
const KEY_LENGTH = 200;

/**
 * Decides who publishes and plays (KEY-3). A publisher shows a stream key: as NAME of `live/NAME`, or as token or password for `live/CHANNEL`.
 * Keys are found by their digest, so that the time that it takes says nothing about them. Whoever plays may play every channel that there is.
 */
export class PublishAccess {
  readonly #ports: PublishAccessPorts;

  constructor(ports: PublishAccessPorts) {
    this.#ports = ports;
  }

  async decide({ action, path, token, password }: Asked): Promise<AccessAnswer> {
    const [, name = ''] = /^\/?live\/([^/]+)/.exec(path) ?? [];
    if (action === 'read' || action === 'playback') return this.#read(name);
    if (action !== 'publish') return refused(`${action} is not for anybody`);
    const secret = token !== '' ? token : password;
    return secret === '' ? this.#publish(name, undefined) : this.#publish(secret, name);
  }

  async #publish(key: string, name: string | undefined): Promise<AccessAnswer> {
    const { keys, table, digestOf, now } = this.#ports;
    const row = await keys.findByDigest(digestOf(key.slice(0, KEY_LENGTH)), now());
    if (row === undefined || key.length > KEY_LENGTH) return refused(NO_KEY);
    if (name !== undefined && name !== row.channel)
      return refused('the stream key is that of another channel');
    const channel = row.channel as ChannelId; // kept as it was checked
    const stream = await table.stream(channel);
    if (stream !== undefined && stream.barred !== 0)
      return refused('the broadcast was taken down: another one must be made ready first');
    // Who takes it back sees that it was used, or it is taken back already.
    return (await keys.use(row.id, now())) ? { allowed: true, channel } : refused(NO_KEY);
  }

  async #read(name: string): Promise<AccessAnswer> {
    const id = parseChannelId(name);
    const known = id.ok && (await this.#ports.channels.find(id.value)) !== undefined;
    return known ? { allowed: true, channel: id.value } : refused('there is no such channel');
  }
}

function refused(reason: string): AccessAnswer {
  return { allowed: false, reason };
}
