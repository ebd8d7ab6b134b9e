import { type Logger } from 'pino';
import { parseLivePath } from '@shoal/protocol';
import { viewersOf } from './adapters/access/viewers-of.ts';
import { type HttpPorts } from './adapters/http/app.ts';
import { BlockedRequests } from './adapters/http/blocked-requests.ts';
import { startHttp } from './adapters/http/start-http.ts';
import { StoredFiles } from './adapters/http/stored-files.ts';
import { makeLog } from './adapters/logging/make-log.ts';
import { openMetrics } from './adapters/metrics/serve-metrics.ts';
import { OriginMetrics } from './adapters/metrics/origin-metrics.ts';
import { type ChannelReports } from './adapters/redis/channel-reports.ts';
import { type MirroredLive } from './adapters/redis/mirrored-live.ts';
import { type ServedCounter } from './adapters/redis/served-counter.ts';
import { openStore } from './adapters/storage/open-store.ts';
import {
  type DeliveryOptions,
  type DeliverySettings,
  readDeliveryOptions,
} from './delivery-options.ts';

/** A running delivery process. */
export type Delivery = {
  readonly httpPort: number;
  /** Where `/metrics` is; undefined where it is not. */
  readonly metricsPort: number | undefined;
  /** Ends the server. Idempotent. */
  readonly close: () => Promise<void>;
};

type Parts = {
  readonly live: MirroredLive;
  readonly blocked: BlockedRequests;
  readonly counter: ServedCounter;
  readonly reports: ChannelReports;
  readonly stored: StoredFiles | undefined;
  readonly log: Logger;
  readonly meter: OriginMetrics;
};

/**
 * Starts a process that serves what origins mirror and record, as they would themselves; it keeps nothing on a disk, and any number of
 * them run beside each other (ORG-33). It starts without Redis too, and serves as soon as that is there. Rejects with an
 * {@link OriginError}, after which nothing is left running.
 */
export async function startDelivery(options: DeliveryOptions): Promise<Delivery> {
  const settings = readDeliveryOptions(options);
  const { redis: url, store, http, staticDir } = settings;
  const log = makeLog(settings.logLevel);
  const meter = new OriginMetrics({ process: options.processMetrics ?? false });
  const stored = store && new StoredFiles(await openStore({ ...store, readOnly: true }));
  const [{ MirroredLive }, { ServedCounter }, { ChannelReports }] = await Promise.all([
    import('./adapters/redis/mirrored-live.ts'),
    import('./adapters/redis/served-counter.ts'),
    import('./adapters/redis/channel-reports.ts'),
  ]);
  const now = (): number => Date.now();
  const blocked = new BlockedRequests({ now });
  const onPlaylist = (path: string): void => {
    blocked.changed(path);
  };
  const limits = { deliveryCacheBytes: settings.cacheBytes };
  const live = new MirroredLive({ url, log, now, onPlaylist, limits });
  const client = (): MirroredLive['client'] => live.client;
  const counter = new ServedCounter(client);
  const reports = new ChannelReports(client, now);
  live.start();
  counter.start();
  const parts = { live, blocked, counter, reports, stored, log, meter };
  const close = async (): Promise<void> => {
    await counter.close();
    live.close();
  };
  try {
    const pages = staticDir === undefined ? {} : { staticDir };
    const server = await startHttp({ ...http, ...pages }, httpPorts(settings, parts));
    const watched = await openMetrics(options.metrics, meter.render.bind(meter)).catch(
      async (error: unknown) => {
        await server.close();
        throw error;
      },
    );
    log.info({ httpPort: server.port }, 'delivery started');
    let closing: Promise<void> | undefined;
    return {
      httpPort: server.port,
      metricsPort: watched.port,
      close: () => (closing ??= server.close().then(watched.close).then(close)),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function httpPorts(settings: DeliverySettings, parts: Parts): HttpPorts {
  const { live, blocked, counter, reports, stored, log, meter } = parts;
  return {
    live: {
      store: {
        get: (path) => {
          const name = parseLivePath(path);
          return name.ok ? live.get(path, name.value) : undefined;
        },
      },
      blocked,
      bring: (path, name) => live.bring(path, name),
      ...(stored !== undefined && { stored }),
      onStoreFailed: (path, err) => {
        log.warn({ err, path }, 'the store fails');
      },
      ...viewersOf(settings, log),
      expects: (name) => live.expects(name),
      served: (channel, id, bytes) => {
        counter.served(channel, id, bytes);
      },
      onDelivered: (record) => {
        meter.served(record);
        try {
          settings.onDelivered?.(record);
        } catch (err) {
          log.error({ err }, 'onDelivered failed');
        }
      },
      now: () => Date.now(),
    },
    channels: () => reports.channels(),
    report: (channel, field) => reports.report(channel, field),
    healthy: () => true,
    ready: () => live.ready,
    onError: (err) => {
      log.error({ err }, 'request failed');
    },
  };
}
