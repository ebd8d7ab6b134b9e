import { type Logger } from 'pino';
import { type ChannelId } from '@shoal/protocol';
import { type SessionId } from '../../core/index.ts';
import { type OriginMetrics } from '../metrics/origin-metrics.ts';
import { type StreamKeys } from '../keys/key-file.ts';
import { type IngestAddresses, IngestSupervisor } from './ingest-supervisor.ts';
import { type PublishAsker } from './publish-asker.ts';
import { type PublishedChannel } from './published-channel.ts';
import { type PublishRequest } from './rtmp-session.ts';

const RTMP_APP = 'live';
/** Of what a publisher is told. */
const REASON_CHARS = 200;

/** What publishers are led to, and who decides. */
export type IngestParts = {
  readonly keys: StreamKeys;
  readonly channels: ReadonlyMap<ChannelId, PublishedChannel>;
  /** Asked about those who do not show a key of the origin's own (ORG-37). Default: they are refused. */
  readonly asker?: PublishAsker;
  readonly log: Logger;
  readonly meter: Pick<OriginMetrics, 'ingestRestarted'>;
};

/** Listens for RTMP, and leads each publisher to its channel (ORG-1). Rejects as `IngestSupervisor.start` does. */
export function startIngest(at: IngestAddresses, parts: IngestParts): Promise<IngestSupervisor> {
  const { keys, channels, asker, log, meter } = parts;
  /** Those who were accepted, or of whom it is still asked. */
  const sessions = new Map<SessionId, PublishedChannel | 'asking'>();
  const onAsk = async (
    ingest: IngestSupervisor,
    session: SessionId,
    request: PublishRequest & { readonly ip: string },
  ): Promise<void> => {
    const { ip, app, name } = request;
    const accept = (id: ChannelId, channel: PublishedChannel): void => {
      log.info({ ip, session, channel: id }, 'publisher accepted');
      sessions.set(session, channel);
      channel.publish(session);
      ingest.accept(session);
    };
    const refuse = (reason: string): void => {
      sessions.delete(session);
      log.warn({ ip, session, reason }, 'publisher refused');
      ingest.refuse(session, reason.slice(0, REASON_CHARS));
    };
    const id = app === RTMP_APP ? keys.channelOf(name) : undefined;
    const channel = id && channels.get(id);
    if (id !== undefined && channel !== undefined) {
      accept(id, channel);
      return;
    }
    if (asker === undefined || app !== RTMP_APP) {
      refuse('wrong application or stream key');
      return;
    }
    sessions.set(session, 'asking');
    // Whoever asked may be gone meanwhile.
    const refused = await asker.ask(request, session, (named, host) => {
      if (sessions.get(session) === 'asking') accept(named, host);
    });
    if (refused !== undefined) refuse(refused);
  };
  const starting = IngestSupervisor.start(at, {
    onAsk: (session, request) => {
      // Somebody may ask while the origin is still being put together.
      void starting.then((ingest) => onAsk(ingest, session, request));
    },
    onTag: (session, tag) => {
      const channel = sessions.get(session);
      if (typeof channel === 'object') channel.tag(session, tag);
    },
    onClosed: (session, reason) => {
      const channel = sessions.get(session);
      sessions.delete(session);
      if (typeof channel === 'object') channel.unpublish(session, reason);
    },
    onRestart: (detail, delayMs) => {
      meter.ingestRestarted('rtmp');
      log.error({ detail, delayMs }, 'the ingest process is started again');
    },
  });
  return starting;
}
