import { type Bus, type ChannelId, type OriginEvent } from '@shoal/protocol';
import {
  type ChannelStatus,
  type Stream,
  type StreamOrigin,
  type StreamReport,
} from '../../core/index.ts';
import { streamOf } from './stream-of.ts';

type OrLater<T> = T | Promise<T>;

/** What of an origin in this process is followed; an `Origin` is one. */
export type LocalOrigin = {
  readonly bus: Pick<Bus, 'subscribe'>;
  readonly streams: () => OrLater<readonly Pick<ChannelStatus, 'channel' | 'state' | 'since'>[]>;
  /** May throw a RangeError for a channel that it does not have. */
  readonly report: <Field extends keyof StreamReport>(
    channel: ChannelId,
    field: Field,
  ) => OrLater<StreamReport[Field] | undefined>;
  /** Ends the connection of who publishes; nothing where nobody does. */
  readonly drop: (channel: ChannelId, reason: string) => unknown;
};

/** Streams of an origin in this process. */
export function localOrigin(origin: LocalOrigin): StreamOrigin {
  return {
    streams: async () => (await origin.streams()).map(streamOf),
    subscribe: (listener) =>
      origin.bus.subscribe((event) => {
        const stream = changeOf(event);
        if (stream !== undefined) listener(stream);
      }),
    report: async (channel, field) => {
      try {
        return await origin.report(channel, field);
      } catch (error) {
        if (error instanceof RangeError) return undefined;
        throw error;
      }
    },
    drop: async (channel, reason) => {
      await origin.drop(channel, reason);
      return true;
    },
  };
}

function changeOf({ type, channel, at }: OriginEvent): Stream | undefined {
  switch (type) {
    case 'segment.ready':
      return undefined;
    case 'stream.online':
      return { channel, state: 'online', since: at };
    case 'stream.interrupted':
      return { channel, state: 'interrupted', since: at };
    case 'stream.offline':
      return { channel, state: 'offline', since: at };
  }
}
