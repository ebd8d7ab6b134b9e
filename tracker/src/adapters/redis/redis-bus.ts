import { formatOriginEvent, ORIGIN_EVENTS_TOPIC, type OriginEvent } from '@shoal/protocol';
import type { Log } from '../../config.ts';
import { openRedis } from './redis-client.ts';

/** The end of the bus at an origin. */
export type EventSink = {
  /** Tells all nodes of the tracker. What happens while Redis is away is not told later: viewers read the playlist. */
  readonly publish: (event: OriginEvent) => void;
  readonly close: () => void;
};

/** Publishes on a connection that is made as soon as it can be. */
export function publishToRedis(url: string, log: Log): EventSink {
  const client = openRedis(url, log);
  // It tries again by itself.
  client.connect().catch(() => {});
  return {
    publish: (event) => {
      if (client.isReady)
        client.publish(ORIGIN_EVENTS_TOPIC, formatOriginEvent(event)).catch(() => {});
    },
    close: () => {
      client.destroy();
    },
  };
}
