import { type Logger } from 'pino';
import { type ChannelId } from '@shoal/protocol';
import { type ChannelStatus } from '../../core/index.ts';
import { type SigningKeys } from '../keys/signing-keys.ts';
import { type Recordings } from '../recording/recordings.ts';
import { type Mirror } from '../redis/mirror.ts';
import { type ChannelStates } from '../storage/channel-state-file.ts';
import { type ChannelHost } from './channel-host.ts';

/** What the channels of an origin need of the rest of it. */
export type OriginChannelsPorts = {
  readonly open: (channel: ChannelId) => ChannelHost;
  readonly states: Pick<ChannelStates, 'load' | 'remove'>;
  readonly signing: Pick<SigningKeys, 'add' | 'remove'>;
  readonly recordings: Pick<Recordings, 'open' | 'of' | 'list' | 'giveUp'> | undefined;
  readonly mirror: Pick<Mirror, 'add' | 'remove'> | undefined;
  readonly log: Pick<Logger, 'info' | 'warn'>;
};

/** What is fixed about them. */
export type OriginChannelsOptions = {
  /** Are there from the beginning, and never given up. */
  readonly configured: readonly ChannelId[];
  /** Whether others may come into being. */
  readonly dynamic: boolean;
  /** How many there may be in all. */
  readonly most: number;
  readonly listedSegments: number;
};

/**
 * The channels of an origin: those that are configured, and those that come into being when somebody is allowed to publish there
 * (ORG-38). Where there is no room for another one, that of the others which is over longest, and has no recordings, is given up.
 */
export class OriginChannels {
  readonly #hosts: Map<ChannelId, ChannelHost>;
  readonly #options: OriginChannelsOptions;
  readonly #ports: OriginChannelsPorts;
  readonly #configured: ReadonlySet<ChannelId>;
  readonly #coming = new Map<ChannelId, Promise<ChannelHost | undefined>>();
  /** Given up, but not yet put away. */
  readonly #going = new Map<ChannelId, Promise<void>>();
  #closing = false;

  /** `hosts` are those that are open already, and stay the ones that are open. */
  constructor(
    hosts: Map<ChannelId, ChannelHost>,
    options: OriginChannelsOptions,
    ports: OriginChannelsPorts,
  ) {
    this.#hosts = hosts;
    this.#options = options;
    this.#ports = ports;
    this.#configured = new Set(options.configured);
  }

  /** Opens one of which all else is open already. */
  begin(channel: ChannelId): void {
    const host = this.#ports.open(channel);
    const window = this.#ports.recordings?.of(channel).window;
    if (window !== undefined) host.restore(window);
    this.#hosts.set(channel, host);
  }

  /** All that there are, in the order in which they came. */
  statuses(): readonly ChannelStatus[] {
    return [...this.#hosts.values()].map((host) => host.core.status());
  }

  /**
   * Has the channel used, which comes into being where it is not there: `use` is called when it resolves with true, in the same moment.
   * False where it cannot be: there may be no more, or no others than those that are configured. Rejects when it cannot be opened.
   */
  async take(channel: ChannelId, use: (host: ChannelHost) => void): Promise<boolean> {
    const there = this.#hosts.get(channel) ?? (await this.#come(channel));
    if (there === undefined || this.#closing) return false;
    // It may have been given up again since.
    if (this.#hosts.get(channel) !== there) return this.take(channel, use);
    use(there);
    return true;
  }

  /** No more come into being. Resolves when none is on its way. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.allSettled([...this.#coming.values(), ...this.#going.values()]);
  }

  #come(channel: ChannelId): Promise<ChannelHost | undefined> {
    const { dynamic } = this.#options;
    if (!dynamic || this.#closing) return Promise.resolve(undefined);
    const coming = this.#coming.get(channel);
    if (coming !== undefined) return coming;
    if (!this.#makeRoom()) return Promise.resolve(undefined);
    const opening = this.#open(channel).finally(() => this.#coming.delete(channel));
    this.#coming.set(channel, opening);
    return opening;
  }

  async #open(channel: ChannelId): Promise<ChannelHost | undefined> {
    const { states, signing, recordings, mirror, log } = this.#ports;
    await this.#going.get(channel);
    signing.add(channel);
    await recordings?.open(channel, states.load(channel), this.#options.listedSegments);
    if (this.#closing) return undefined;
    // Before it has anything.
    mirror?.add(channel);
    try {
      this.begin(channel);
    } catch (error) {
      mirror?.remove(channel);
      throw error;
    }
    log.info({ channel }, 'channel came into being');
    return this.#hosts.get(channel);
  }

  #makeRoom(): boolean {
    if (this.#hosts.size + this.#coming.size < this.#options.most) return true;
    let oldest: ChannelHost | undefined;
    for (const host of this.#hosts.values()) {
      if (!this.#mayGo(host)) continue;
      if (oldest === undefined || host.core.status().since < oldest.core.status().since)
        oldest = host;
    }
    if (oldest === undefined) return false;
    this.#giveUp(oldest);
    return true;
  }

  #mayGo({ channel, core }: ChannelHost): boolean {
    if (this.#configured.has(channel) || core.open) return false;
    return (this.#ports.recordings?.list(channel) ?? []).length === 0;
  }

  #giveUp(host: ChannelHost): void {
    const { channel } = host;
    const { states, signing, recordings, mirror, log } = this.#ports;
    this.#hosts.delete(channel);
    host.clear();
    mirror?.remove(channel);
    signing.remove(channel);
    const going = Promise.all([host.close(), recordings?.giveUp(channel)])
      .then(() => {
        states.remove(channel);
        log.info({ channel }, 'channel given up: there are too many');
      })
      .catch((err: unknown) => {
        log.warn({ err, channel }, 'a channel that was given up has left something behind');
      })
      .finally(() => this.#going.delete(channel));
    this.#going.set(channel, going);
  }
}
