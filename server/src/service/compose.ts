import { randomBytes, randomUUID } from 'node:crypto';
import { type FastifyInstance } from 'fastify';
import { admitReader, mayRead } from '../adapters/api/admit-reader.ts';
import { chatOverSocket } from '../adapters/api/chat-socket.ts';
import { createApi } from '../adapters/api/create-api.ts';
import { digestOf, Gate } from '../adapters/api/gate.ts';
import { givenTokens } from '../adapters/api/given-tokens.ts';
import { Idempotency } from '../adapters/api/idempotency.ts';
import { probeRoutes } from '../adapters/api/probe-routes.ts';
import { RequestIds } from '../adapters/api/request-id.ts';
import { makeServiceApp } from '../adapters/api/service-app.ts';
import { RequestWatch } from '../adapters/api/watch-requests.ts';
import { FiguresTeller } from '../adapters/broadcast/figures-teller.ts';
import { startBroadcasts } from '../adapters/broadcast/start-broadcasts.ts';
import { startChat } from '../adapters/chat/start-chat.ts';
import { ChannelTable } from '../adapters/database/channel-table.ts';
import { IdempotencyTable } from '../adapters/database/idempotency-table.ts';
import { openDatabase } from '../adapters/database/open-database.ts';
import { readiness } from '../adapters/database/readiness.ts';
import { readTotals } from '../adapters/database/totals.ts';
import { TokenTable } from '../adapters/database/token-table.ts';
import { FeedServer } from '../adapters/feed/feed-server.ts';
import { openFeed } from '../adapters/feed/open-feed.ts';
import { ViewerCounter } from '../adapters/feed/viewer-counter.ts';
import { makeLog } from '../adapters/logging/make-log.ts';
import { type RenderedMetrics } from '../adapters/metrics/rendered.ts';
import { serveMetrics } from '../adapters/metrics/serve-metrics.ts';
import { ServiceMetrics } from '../adapters/metrics/service-metrics.ts';
import { startMoney } from '../adapters/money/start-money.ts';
import { localOrigin, type LocalOrigin } from '../adapters/origins/local-origin.ts';
import { remoteOrigin } from '../adapters/origins/remote-origin.ts';
import { startWebhooks } from '../adapters/webhooks/start-webhooks.ts';
import { type AccessGate, type FeedLog, type StreamOrigin } from '../core/index.ts';
import { ServiceError } from '../service-error.ts';
import { type ServiceOptions } from './options.ts';

/** Of one address or token. */
const REQUESTS_A_MINUTE = 600;

/** A broadcast service that is ready, to be served by any server. */
export type OpenService = {
  /** Adds its API and its feeds to a server that does not listen yet. Once. */
  readonly mount: (app: FastifyInstance) => Promise<void>;
  /** The operator's token where there was none before, nor one given: made at the first start, and shown this once. */
  readonly adminToken: string | undefined;
  /** Why it should get no requests; empty while it should (OPS-4). */
  readonly notReady: () => Promise<readonly string[]>;
  /** It is to end soon: it is not ready from now on, and does what it did. */
  readonly drain: () => void;
  /** What it counts, for Prometheus. */
  readonly metrics: () => Promise<RenderedMetrics>;
  /** Decides who publishes and plays, by the stream keys and channels in its database. */
  readonly access: AccessGate;
  /**
   * Follows the streams of an origin in this process, once; resolves when it knows them. Rejects with a `ServiceError` (`bad-options`) where an
   * origin is followed already.
   */
  readonly follow: (origin: LocalOrigin) => Promise<void>;
  /** Idempotent. */
  readonly close: () => Promise<void>;
};

/** One with a server of its own. */
export type Service = Omit<OpenService, 'mount'> & {
  readonly port: number;
  /** Where `/metrics` is for everybody; undefined where it is not. */
  readonly metricsPort: number | undefined;
};

type Opened = OpenService & {
  readonly watch: RequestWatch;
  /** As `mount`, on a server that serves nothing else. */
  readonly mountAlone: (app: FastifyInstance) => Promise<void>;
};

/** Starts the broadcast service; rejects with a `ServiceError`, after which nothing is left running. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const opened = await open(options);
  const { adminToken, notReady, drain, metrics, access, follow } = opened;
  const app = makeServiceApp(opened.watch);
  const undo: (() => Promise<void>)[] = [opened.close, () => app.close()];
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    for (let next = undo.pop(); next !== undefined; next = undo.pop()) await next();
  };
  try {
    await opened.mountAlone(app);
    const metricsPort = options.metrics && (await listening(options.metrics, opened, undo));
    await app.listen(options.http).catch((cause: unknown) => {
      throw new ServiceError('listen', `cannot listen on ${options.http.host}`, { cause });
    });
    const address = app.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const drained = async (): Promise<void> => {
      drain();
      await new Promise((resolve) => setTimeout(resolve, options.drainMs ?? 0));
      await close();
    };
    return {
      ...{ adminToken, notReady, drain, metrics, access, follow, port, metricsPort },
      close: () => (closing ??= drained()),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listening(
  at: NonNullable<ServiceOptions['metrics']>,
  { metrics }: Pick<OpenService, 'metrics'>,
  undo: (() => Promise<void>)[],
): Promise<number> {
  const server = await serveMetrics(at, metrics).catch((cause: unknown) => {
    throw new ServiceError('listen', `cannot listen on ${at.host}:${at.port} (metrics)`, { cause });
  });
  undo.push(server.close);
  return server.port;
}

/** Opens the broadcast service; rejects with a `ServiceError`, after which nothing is left open. The server it is mounted on is closed before it. */
export async function openService(options: Omit<ServiceOptions, 'http'>): Promise<OpenService> {
  return open(options);
}

async function open(options: Omit<ServiceOptions, 'http'>): Promise<Opened> {
  const log = makeLog(options.logLevel ?? 'info', options.logTo);
  const meter = new ServiceMetrics({ process: options.processMetrics ?? false });
  const undo: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (let next = undo.pop(); next !== undefined; next = undo.pop()) await next();
  };
  const onError = (err: unknown): void => {
    meter.failed();
    log.error({ err }, 'unexpected failure');
  };
  const given = givenTokens(options);
  try {
    const { db, close: closeDatabase } = await openDatabase(options.database, (kind, ms) => {
      meter.queried(kind, ms);
    });
    undo.push(closeDatabase);
    meter.count(() => readTotals(db));
    const state = readiness(db);
    const [tokens, channels] = [new TokenTable(db, given), new ChannelTable(db)];
    const now = Date.now;
    const newSecret = (): string => randomBytes(32).toString('base64url');
    const opened = await openFeed(db, { redis: options.redis, now, log, onError });
    const [feed, shared] = [counted(opened.feed, meter), opened.shared];
    undo.push(() => feed.close());
    const gate = new Gate({ tokens, channels, now });
    const [newId, random] = [randomUUID, Math.random];
    const watch = new RequestWatch({ gate, log, metrics: meter, ids: new RequestIds(newId) });
    const keys = new IdempotencyTable(db);
    const once = new Idempotency({ gate, table: keys, now, newId });
    const money = startMoney({ db, feed, keys, now, newId, onError });
    undo.push(() => money.close());
    const { subscriptions } = money.parts;
    const isSubscribed = subscriptions.isSubscribed.bind(subscriptions);
    const onWritten = meter.written.bind(meter);
    const chat = await startChat(db, { feed, now, newId, onError, isSubscribed, onWritten });
    undo.push(() => chat.close());
    const { originUrl, playback = {} } = options;
    const broadcasts = startBroadcasts({
      ...{ db, feed, channels, digestOf, newSecret, now, newId, onError },
      playback: { ...(originUrl !== undefined && { hlsUrl: originUrl }), ...playback },
    });
    undo.push(() => broadcasts.close());
    const policy = options.webhooks ?? {};
    const webhooks = startWebhooks({
      ...{ db, feed, policy, now, random, newId, onError },
      onAttempt: ({ attempt, ...delivery }) => {
        meter.attempted(attempt);
        log.debug({ ...delivery, ...attempt }, 'webhook');
      },
    });
    undo.push(() => webhooks.close());
    const parts = {
      ...{ gate, tokens, channels, chat, feed, once, now, newId, newSecret },
      ...{ money: money.parts, webhooks: webhooks.parts, watch },
      requestsAMinute: options.requestsAMinute ?? REQUESTS_A_MINUTE,
      broadcasts: broadcasts.parts,
    };
    const say = chatOverSocket({ gate, chat: chat.chat, onError });
    const feeds = new FeedServer({
      log: feed,
      admit: (request) => admitReader(gate, request),
      mayRead: (speaker) => mayRead(gate, speaker),
      onMessage: (speaker, message) => {
        if (money.onMessage(speaker.feed, message)) return;
        if (!broadcasts.onMessage(speaker, message)) say(speaker, message);
      },
      onError,
      now,
      waiting: money.waiting,
      meter,
      ...(shared !== undefined && { follow: shared.follow }),
    });
    undo.push(() => {
      feeds.close();
    });
    const others = shared?.viewers;
    const counter = new ViewerCounter({ feeds, others, now, newId, onError });
    undo.push(() => counter.close());
    const figures = new FiguresTeller({
      ...{ feeds, report: broadcasts.parts.report, now, newId, onError },
      viewers: (channel) => counter.viewers(channel),
    });
    undo.push(() => figures.close());
    const adminToken = await firstAdmin(tokens, { newSecret, now: now() });
    if (originUrl !== undefined) await broadcasts.follow(originAt(originUrl));
    let closing: Promise<void> | undefined;
    const attach = (app: FastifyInstance): void => {
      feeds.attach(app.server);
      // Their connections would keep the server open.
      app.addHook('preClose', (done) => {
        feeds.close();
        done();
      });
    };
    const { drain, notReady } = state;
    const metrics = meter.render.bind(meter);
    return {
      ...{ adminToken, watch, drain, notReady, metrics, access: broadcasts.access },
      follow: (origin) => broadcasts.follow(localOrigin(origin)),
      mount: async (app) => {
        await createApi(app, parts);
        attach(app);
      },
      mountAlone: async (app) => {
        const add = probeRoutes({ gate, notReady, metrics });
        await createApi(app, parts, { alone: true, add });
        attach(app);
      },
      close: () => (closing ??= close()),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Counts what this process appends. */
function counted(feed: FeedLog, meter: ServiceMetrics): FeedLog {
  return {
    append: async (id, event, options) => {
      const envelope = await feed.append(id, event, options);
      meter.appended(event.type);
      return envelope;
    },
    after: (id, seq) => feed.after(id, seq),
    last: (id) => feed.last(id),
    subscribe: (...listeners) => feed.subscribe(...listeners),
    close: () => feed.close(),
  };
}

/** Throws a `ServiceError` (`bad-options`) where this is no URL of one. */
function originAt(url: string): StreamOrigin {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return remoteOrigin(url);
  throw new ServiceError('bad-options', 'originUrl must be a URL of http or https');
}

/** Makes a token for the operator where there is none. */
async function firstAdmin(
  tokens: TokenTable,
  { newSecret, now }: { readonly newSecret: () => string; readonly now: number },
): Promise<string | undefined> {
  const token = newSecret();
  const row = {
    ...{ id: randomUUID(), digest: digestOf(token), type: 'admin', user_id: 'admin' },
    ...{
      name: 'admin',
      guest: 0,
      channel: null,
      created_at: now,
      expires_at: null,
      revoked_at: null,
    },
  };
  return (await tokens.insertFirstAdmin(row, now)) ? token : undefined;
}
