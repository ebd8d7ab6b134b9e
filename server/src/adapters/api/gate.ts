import { createHash } from 'node:crypto';
import { type FastifyRequest, type preParsingAsyncHookHandler } from 'fastify';
import { type ChannelId, parseChannelId } from '@shoal/protocol';
import { type Actor, isAtLeast, type Rank, rankOf } from '../../core/index.ts';
import { type ChannelRow, type ChannelTable } from '../database/channel-table.ts';
import { type TokenHolder, type TokenTable } from '../database/token-table.ts';
import { ApiProblem, notFound } from './problems.ts';

/** A channel that a request is about, and what its maker may do there. */
export type InChannel = {
  readonly id: ChannelId;
  readonly row: ChannelRow;
  readonly rank: Rank;
};

/** What is known of who makes a request, and of its channel. */
export type Seen = {
  readonly rank: Rank;
  /** Id; undefined for the anonymous. */
  readonly actor: string | undefined;
  readonly channel: ChannelId | undefined;
};

/** What the gate asks. */
export type GatePorts = {
  readonly tokens: TokenTable;
  readonly channels: ChannelTable;
  readonly now: () => number;
};

const TOKEN_HEADER = /^Bearer ([A-Za-z0-9_-]{20,200})$/i;
const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="shoal"' };

/** Says who makes a request, by its token alone, and lets through who may make it. */
export class Gate {
  readonly #ports: GatePorts;
  readonly #actors = new WeakMap<FastifyRequest, Actor>();
  readonly #needed = new WeakMap<object, Rank>();
  readonly #channels = new WeakMap<FastifyRequest, InChannel>();

  constructor(ports: GatePorts) {
    this.#ports = ports;
  }

  /** To be run at the beginning of every request. */
  readonly identify = async (request: FastifyRequest): Promise<void> => {
    this.#actors.set(request, await this.actorOf(request.headers.authorization));
  };

  /**
   * Who a header `Authorization` speaks for; nobody in particular where there is none, a 401 for one that does not hold, and a 403 for one
   * that speaks for nobody (ACC-7).
   */
  async actorOf(authorization: string | undefined): Promise<Actor> {
    const holder = await this.holderOf(authorization);
    if (holder.type === 'alerts')
      throw new ApiProblem(403, {
        code: 'forbidden',
        detail: 'this token is for reading alerts, and for nothing else',
      });
    return holder;
  }

  /** What a header `Authorization` is good for; a 401 for one that does not hold. */
  async holderOf(authorization: string | undefined): Promise<TokenHolder> {
    if (authorization === undefined) return { type: 'anonymous' };
    const [, token] = TOKEN_HEADER.exec(authorization) ?? [];
    const holder =
      token === undefined
        ? undefined
        : await this.#ports.tokens.holderOf(digestOf(token), this.#ports.now());
    if (holder === undefined) throw unauthorized('the token is not valid');
    return holder;
  }

  /** Who makes the request. */
  actor(request: FastifyRequest): Actor {
    return this.#actors.get(request) ?? { type: 'anonymous' };
  }

  /** The id of who makes the request, whom the gate let through as known. */
  userId(request: FastifyRequest): string {
    const actor = this.actor(request);
    if (actor.type === 'anonymous') throw unauthorized('a token is needed');
    return actor.id;
  }

  /** The channel of a request to a route with `:channel`. */
  channel(request: FastifyRequest): InChannel {
    const channel = this.#channels.get(request);
    if (channel === undefined) throw notFound('channel');
    return channel;
  }

  /** What is known of a request so far, for logs: nothing that its maker has chosen. */
  seen(request: FastifyRequest): Seen {
    const actor = this.actor(request);
    const found = this.#channels.get(request);
    return {
      rank: found?.rank ?? rankOf(actor, undefined),
      actor: actor.type === 'anonymous' ? undefined : actor.id,
      channel: found?.id,
    };
  }

  /** For a route: the least rank, in its channel where it has one, and else in general. Of others not even the body is read. */
  needs(rank: Rank): { readonly preParsing: preParsingAsyncHookHandler } {
    const preParsing = async (request: FastifyRequest): Promise<undefined> => {
      const actor = this.actor(request);
      const name = channelOf(request);
      const found = name === undefined ? undefined : await this.rankIn(name, actor);
      if (found !== undefined) this.#channels.set(request, found);
      const own = found?.rank ?? rankOf(actor, undefined);
      if (isAtLeast(own, rank)) {
        if (name !== undefined && found === undefined) throw notFound('channel');
        return undefined;
      }
      if (actor.type === 'anonymous') throw unauthorized('a token is needed');
      throw new ApiProblem(403, {
        code: 'forbidden',
        detail: `this is for ${rank === 'admin' ? 'the operator' : `a ${rank} of the channel`}`,
      });
    };
    this.#needed.set(preParsing, rank);
    return { preParsing };
  }

  /** What {@link needs} was given for a route; undefined for one that everybody may use unseen. */
  rankNeeded(preParsing: unknown): Rank | undefined {
    return typeof preParsing === 'function' ? this.#needed.get(preParsing) : undefined;
  }

  /** The channel of this name and what somebody may do in it. */
  async rankIn(name: string, actor: Actor): Promise<InChannel | undefined> {
    const id = parseChannelId(name);
    if (!id.ok) return undefined;
    const row = await this.#ports.channels.find(id.value);
    if (row === undefined) return undefined;
    const known = actor.type === 'user' && !actor.guest && row.owner !== actor.id;
    const moderates = known && (await this.#ports.channels.moderates(id.value, actor.id));
    const moderators = new Set(moderates ? [actor.id] : []);
    return {
      id: id.value,
      row,
      rank: rankOf(actor, { owner: row.owner ?? undefined, moderators }),
    };
  }
}

/** Of a token, as it is kept. Tokens are random, so that a plain hash is enough. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

function unauthorized(detail: string): ApiProblem {
  return new ApiProblem(401, { code: 'unauthorized', detail, headers: CHALLENGE });
}

function channelOf(request: FastifyRequest): string | undefined {
  const { params } = request;
  if (typeof params !== 'object' || params === null || !('channel' in params)) return undefined;
  return typeof params.channel === 'string' ? params.channel : undefined;
}
