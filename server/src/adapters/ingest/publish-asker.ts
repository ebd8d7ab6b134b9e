import { type Logger } from 'pino';
import { type ChannelId } from '@shoal/protocol';
import {
  type AccessAnswer,
  type AccessGate,
  ORIGIN_LIMITS,
  type SessionId,
} from '../../core/index.ts';
import { credentialsOf } from '../access/credentials.ts';
import { withinMs } from '../within-ms.ts';
import { type PublishedChannel } from './published-channel.ts';
import { type PublishRequest } from './rtmp-session.ts';

/** What asking about publishers needs of the rest of the origin. */
export type PublishAskerPorts = {
  readonly gate: AccessGate;
  /** As `OriginChannels.take`. */
  readonly take: (channel: ChannelId, use: (channel: PublishedChannel) => void) => Promise<boolean>;
  readonly log: Pick<Logger, 'error'>;
};

/** Bounds of it. Default of each: the one of `ORIGIN_LIMITS`. */
export type PublishAskerLimits = {
  readonly publishQuestions: number;
  readonly publishQuestionsPerIp: number;
  readonly accessMs: number;
};

/** Asks a gate about publishers, and leads those that may to the channel that it names (ORG-37). */
export class PublishAsker {
  readonly #ports: PublishAskerPorts;
  readonly #limits: PublishAskerLimits;
  /** Questions that are open, by address. */
  readonly #open = new Map<string, number>();
  #count = 0;

  constructor(ports: PublishAskerPorts, limits: Partial<PublishAskerLimits> = {}) {
    this.#ports = ports;
    this.#limits = { ...ORIGIN_LIMITS, ...limits };
  }

  /**
   * Calls `accept` for somebody who may publish, in the moment in which the channel is there. Else resolves with the reason why not, for
   * the publisher. Never rejects.
   */
  async ask(
    request: PublishRequest & { readonly ip: string },
    session: SessionId,
    accept: (id: ChannelId, channel: PublishedChannel) => void,
  ): Promise<string | undefined> {
    const { ip } = request;
    const same = this.#open.get(ip) ?? 0;
    const { publishQuestions, publishQuestionsPerIp } = this.#limits;
    // Connections that are gone have their question answered, too.
    if (this.#count >= publishQuestions || same >= publishQuestionsPerIp)
      return 'too many ask to publish';
    this.#change(ip, 1);
    try {
      return await this.#lead(request, session, accept);
    } finally {
      this.#change(ip, -1);
    }
  }

  #change(ip: string, by: 1 | -1): void {
    this.#count += by;
    const same = (this.#open.get(ip) ?? 0) + by;
    if (same > 0) this.#open.set(ip, same);
    else this.#open.delete(ip);
  }

  async #lead(
    request: PublishRequest & { readonly ip: string },
    session: SessionId,
    accept: (id: ChannelId, channel: PublishedChannel) => void,
  ): Promise<string | undefined> {
    const { take, log } = this.#ports;
    const answer = await this.#answer(request, session);
    if (!answer.allowed) return answer.reason;
    const { channel } = answer;
    try {
      const found = await take(channel, (host) => {
        accept(channel, host);
      });
      return found ? undefined : 'there is no room for this channel';
    } catch (err) {
      log.error({ err, session, channel }, 'a channel cannot be opened');
      return 'the channel cannot be opened';
    }
  }

  async #answer(
    { ip, app, name, query, secure }: PublishRequest & { readonly ip: string },
    session: SessionId,
  ): Promise<AccessAnswer> {
    const asked = {
      ...({ action: 'publish', protocol: secure ? 'rtmps' : 'rtmp' } as const),
      ...{ ip, path: `${app}/${name}`, query, id: `rtmp-${session}` },
      ...credentialsOf(query, undefined),
    };
    try {
      const { accessMs } = this.#limits;
      return await withinMs(
        accessMs,
        this.#ports.gate(asked),
        () => new Error(`no answer within ${accessMs} ms`),
      );
    } catch (err) {
      this.#ports.log.error({ err, session }, 'it cannot be asked who may publish');
      return { allowed: false, reason: 'it cannot be asked now who may publish' };
    }
  }
}
