import { randomBytes, randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import pino from 'pino';
import { admitReader, mayRead } from '../adapters/api/admit-reader.ts';
import { chatOverSocket } from '../adapters/api/chat-socket.ts';
import { createApi } from '../adapters/api/create-api.ts';
import { digestOf, Gate } from '../adapters/api/gate.ts';
import { givenTokens } from '../adapters/api/given-tokens.ts';
import { Idempotency } from '../adapters/api/idempotency.ts';
import { startBroadcasts } from '../adapters/broadcast/start-broadcasts.ts';
import { startChat } from '../adapters/chat/start-chat.ts';
import { ChannelTable } from '../adapters/database/channel-table.ts';
import { IdempotencyTable } from '../adapters/database/idempotency-table.ts';
import { openDatabase } from '../adapters/database/open-database.ts';
import { TokenTable } from '../adapters/database/token-table.ts';
import { FeedServer } from '../adapters/feed/feed-server.ts';
import { SqlFeedLog } from '../adapters/feed/sql-feed-log.ts';
import { startMoney } from '../adapters/money/start-money.ts';
import { localOrigin, type LocalOrigin } from '../adapters/origins/local-origin.ts';
import { remoteOrigin } from '../adapters/origins/remote-origin.ts';
import { startWebhooks } from '../adapters/webhooks/start-webhooks.ts';
import { type AccessGate, type StreamOrigin } from '../core/index.ts';
import { ServiceError } from '../service-error.ts';
import { type ServiceOptions } from './options.ts';

/** A broadcast service that is ready, to be served by any server. */
export type OpenService = {
  /** Adds its API and its feeds to a server that does not listen yet. Once. */
  readonly mount: (app: FastifyInstance) => Promise<void>;
  /** The operator's token where there was none before, nor one given: made at the first start, and shown this once. */
  readonly adminToken: string | undefined;
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
export type Service = Omit<OpenService, 'mount'> & { readonly port: number };

/** Starts the broadcast service; rejects with a `ServiceError`, after which nothing is left running. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { mount, close: closeService, ...service } = await openService(options);
  const app = Fastify({ logger: false });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= app.close().then(closeService));
  try {
    await mount(app);
    await app.listen(options.http).catch((cause: unknown) => {
      throw new ServiceError('listen', `cannot listen on ${options.http.host}`, { cause });
    });
    const address = app.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return { ...service, port, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Opens the broadcast service; rejects with a `ServiceError`, after which nothing is left open. The server it is mounted on is closed before it. */
export async function openService(options: Omit<ServiceOptions, 'http'>): Promise<OpenService> {
  const log = pino({
    level: options.logLevel ?? 'info',
    base: null,
  });
  const undo: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (let next = undo.pop(); next !== undefined; next = undo.pop()) await next();
  };
  const onError = (err: unknown): void => {
    log.error({ err }, 'unexpected failure');
  };
  const given = givenTokens(options);
  try {
    const { db, close: closeDatabase } = await openDatabase(options.database);
    undo.push(closeDatabase);
    const [tokens, channels] = [new TokenTable(db, given), new ChannelTable(db)];
    const now = Date.now;
    const newSecret = (): string => randomBytes(32).toString('base64url');
    const feed = new SqlFeedLog(db, onError);
    undo.push(() => feed.close());
    const gate = new Gate({ tokens, channels, now });
    const [newId, random] = [randomUUID, Math.random];
    const keys = new IdempotencyTable(db);
    const once = new Idempotency({ gate, table: keys, now, newId });
    const money = startMoney({ db, feed, keys, now, newId, onError });
    undo.push(() => money.close());
    const { subscriptions } = money.parts;
    const isSubscribed = subscriptions.isSubscribed.bind(subscriptions);
    const chat = await startChat(db, { feed, now, newId, onError, isSubscribed });
    undo.push(() => chat.close());
    const { originUrl, playback = {} } = options;
    const broadcasts = startBroadcasts({
      ...{ db, feed, channels, digestOf, newSecret, now, newId, onError },
      playback: { ...(originUrl !== undefined && { hlsUrl: originUrl }), ...playback },
    });
    undo.push(() => broadcasts.close());
    const policy = options.webhooks ?? {};
    const webhooks = startWebhooks({ db, feed, policy, now, random, newId, onError });
    undo.push(() => webhooks.close());
    const parts = {
      ...{ gate, tokens, channels, chat, feed, once, now, newId, newSecret },
      ...{ money: money.parts, webhooks: webhooks.parts, broadcasts: broadcasts.parts },
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
    });
    undo.push(() => {
      feeds.close();
    });
    const adminToken = await firstAdmin(tokens, { newSecret, now: now() });
    if (originUrl !== undefined) await broadcasts.follow(originAt(originUrl));
    let closing: Promise<void> | undefined;
    return {
      ...{ adminToken, access: broadcasts.access },
      follow: (origin) => broadcasts.follow(localOrigin(origin)),
      mount: async (app) => {
        await createApi(app, parts, onError);
        feeds.attach(app.server);
        // Their connections would keep the server open.
        app.addHook('preClose', (done) => {
          feeds.close();
          done();
        });
      },
      close: () => (closing ??= close()),
    };
  } catch (error) {
    await close();
    throw error;
  }
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
  if (await tokens.hasAdmin(now)) return undefined;
  const token = newSecret();
  await tokens.insert({
    ...{ id: randomUUID(), digest: digestOf(token), type: 'admin', user_id: 'admin' },
    ...{
      name: 'admin',
      guest: 0,
      channel: null,
      created_at: now,
      expires_at: null,
      revoked_at: null,
    },
  });
  return token;
}
