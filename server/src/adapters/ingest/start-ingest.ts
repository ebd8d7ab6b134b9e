import { type Logger } from 'pino';
import { type ChannelId } from '@shoal/protocol';
import { type SessionId } from '../../core/index.ts';
import { type OriginMetrics } from '../metrics/origin-metrics.ts';
import { type StreamKeys } from '../keys/key-file.ts';
import { type IngestAddresses, IngestSupervisor } from './ingest-supervisor.ts';
import { type PublishedChannel } from './published-channel.ts';

const RTMP_APP = 'live';

/** Listens for RTMP, and leads each publisher to the channel that its key opens (ORG-1). Rejects as `IngestSupervisor.start` does. */
export function startIngest(
  at: IngestAddresses,
  parts: {
    readonly keys: StreamKeys;
    readonly channels: ReadonlyMap<ChannelId, PublishedChannel>;
    readonly log: Logger;
    readonly meter: Pick<OriginMetrics, 'ingestRestarted'>;
  },
): Promise<IngestSupervisor> {
  const { keys, channels, log, meter } = parts;
  const sessions = new Map<SessionId, PublishedChannel>();
  const starting = IngestSupervisor.start(at, {
    onAsk: (session, { ip, app, name }) => {
      const id = app === RTMP_APP ? keys.channelOf(name) : undefined;
      // Somebody may ask while the origin is still being put together.
      void starting.then((ingest) => {
        const channel = id === undefined ? undefined : channels.get(id);
        if (channel === undefined) {
          log.warn({ ip, session }, 'publisher refused: wrong app or stream key');
          ingest.refuse(session, 'wrong application or stream key');
          return;
        }
        log.info({ ip, session, channel: id }, 'publisher accepted');
        sessions.set(session, channel);
        channel.publish(session);
        ingest.accept(session);
      });
    },
    onTag: (session, tag) => sessions.get(session)?.tag(session, tag),
    onClosed: (session, reason) => {
      const channel = sessions.get(session);
      sessions.delete(session);
      channel?.unpublish(session, reason);
    },
    onRestart: (detail, delayMs) => {
      meter.ingestRestarted('rtmp');
      log.error({ detail, delayMs }, 'the ingest process is started again');
    },
  });
  return starting;
}
