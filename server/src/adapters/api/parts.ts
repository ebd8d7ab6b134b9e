import { type FastifyBaseLogger, type FastifyInstance, type RawServerDefault } from 'fastify';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type ZodTypeProvider } from 'fastify-type-provider-zod';
import { type FeedLog } from '../../core/index.ts';
import { type BroadcastParts } from '../broadcast/start-broadcasts.ts';
import { type ChatParts } from '../chat/start-chat.ts';
import { type ChannelTable } from '../database/channel-table.ts';
import { type TokenTable } from '../database/token-table.ts';
import { type MoneyParts } from '../money/start-money.ts';
import { type WebhookParts } from '../webhooks/start-webhooks.ts';
import { type Gate } from './gate.ts';
import { type Idempotency } from './idempotency.ts';
import { type RequestWatch } from './watch-requests.ts';

/** A Fastify whose routes have schemas of zod. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What routes have to do with. */
export type ApiParts = {
  readonly gate: Gate;
  readonly tokens: TokenTable;
  readonly channels: ChannelTable;
  readonly broadcasts: BroadcastParts;
  readonly chat: ChatParts;
  readonly feed: FeedLog;
  readonly once: Idempotency;
  readonly money: MoneyParts;
  readonly webhooks: WebhookParts;
  readonly watch: RequestWatch;
  /** Of one address or token. */
  readonly requestsAMinute: number;
  readonly now: () => number;
  /** An id that was never given before. */
  readonly newId: () => string;
  /** Something secret that nobody guesses: 32 random bytes as base64url. */
  readonly newSecret: () => string;
};
