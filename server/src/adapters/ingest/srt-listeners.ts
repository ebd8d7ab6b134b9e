import { type Logger } from 'pino';
import { type ChannelId } from '@shoal/protocol';
import { type SessionId } from '../../core/index.ts';
import { type OriginMetrics } from '../metrics/origin-metrics.ts';
import { OriginError } from '../../errors.ts';
import { type PublishedChannel } from './published-channel.ts';
import { SrtListener } from './srt-listener.ts';

/** Where the publishers of channels connect: the first channel at `port`, the others at those that follow (ORG-12). */
export type SrtListenersOptions = {
  readonly host: string;
  readonly port: number;
  /** In the order of their ports. */
  readonly channels: readonly ChannelId[];
  readonly keyOf: (channel: ChannelId) => string;
  readonly ffmpegPath: string;
  readonly log: Logger;
  readonly meter: Pick<OriginMetrics, 'ingestRestarted'>;
};

/** The SRT listeners of an origin, one for each channel. */
export class SrtListeners {
  readonly #options: SrtListenersOptions;
  readonly #listeners = new Map<ChannelId, SrtListener>();

  constructor(options: SrtListenersOptions) {
    this.#options = options;
  }

  /** Begins to listen for a channel; rejects with an `OriginError` where its key is no passphrase or its port is taken. */
  async start(channel: ChannelId, host: PublishedChannel): Promise<void> {
    const { keyOf, ffmpegPath } = this.#options;
    const log = this.#options.log.child({ channel });
    const passphrase = keyOf(channel);
    if (passphrase.length < 10 || passphrase.length > 79)
      throw new OriginError(
        'bad-options',
        `the key of channel ${channel} must have 10 to 79 characters to be a passphrase of SRT`,
      );
    const address = { host: this.#options.host, port: this.#portOf(channel), passphrase };
    const listener = await SrtListener.start(address, ffmpegPath, {
      onPublish: (session) => {
        log.info({ session }, 'SRT publisher accepted');
        host.publish(session);
      },
      onTag: (session, tag) => {
        host.tag(session, tag);
      },
      onClosed: (session, reason) => {
        host.unpublish(session, reason);
      },
      onLog: (line) => {
        log.debug({ line }, 'ffmpeg of SRT');
      },
      onRestart: (detail, delayMs) => {
        this.#options.meter.ingestRestarted('srt');
        log.warn({ detail, delayMs }, 'the SRT listener is started again');
      },
    });
    this.#listeners.set(channel, listener);
  }

  /** The UDP port of a channel; undefined where nobody listens. */
  port(channel: ChannelId): number | undefined {
    return this.#listeners.has(channel) ? this.#portOf(channel) : undefined;
  }

  /** Drops the publisher of a session, if it is one of this channel's. */
  drop(channel: ChannelId, session: SessionId, reason: string): void {
    this.#listeners.get(channel)?.drop(session, reason);
  }

  /** Processes that listen or receive now. */
  pids(): readonly { readonly channel: ChannelId; readonly pid: number }[] {
    return [...this.#listeners].flatMap(([channel, { pid }]) =>
      pid === undefined ? [] : { channel, pid },
    );
  }

  /** Ends them all; resolves when they are gone. */
  async close(): Promise<void> {
    await Promise.all([...this.#listeners.values()].map((listener) => listener.close()));
  }

  #portOf(channel: ChannelId): number {
    const { port, channels } = this.#options;
    return port + channels.indexOf(channel);
  }
}
