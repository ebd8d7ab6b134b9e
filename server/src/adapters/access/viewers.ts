import { createHash } from 'node:crypto';
import { type ChannelId } from '@shoal/protocol';
import { type AccessGate, ORIGIN_LIMITS } from '../../core/index.ts';
import { type Credentials } from './credentials.ts';
import { withinMs } from '../within-ms.ts';

/** Somebody who wants to play something. */
export type Viewer = Credentials & {
  readonly channel: ChannelId;
  readonly ip: string;
  readonly query: string;
};

/** Whether somebody may play; `unknown` when that cannot be found out now. */
export type MayPlay = 'yes' | 'no' | 'unknown';

/** Bounds of it. Default of each: the one of `ORIGIN_LIMITS`. */
export type ViewersLimits = {
  readonly accessMs: number;
  readonly accessAnswerMs: number;
  readonly accessAnswers: number;
  readonly accessRetryMs: number;
  readonly readQuestions: number;
};

/** What asking about viewers needs of the rest. */
export type ViewersPorts = {
  readonly gate: AccessGate;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
};

/** Asks a gate about viewers, once for each credentials and channel, and remembers what it says for a while (ORG-39). */
export class Viewers {
  readonly #ports: ViewersPorts;
  readonly #limits: ViewersLimits;
  /** By digest, so that nothing secret is kept; what was asked longest ago first. */
  readonly #answers = new Map<string, { readonly answer: MayPlay; readonly until: number }>();
  readonly #open = new Map<string, Promise<MayPlay>>();
  #count = 0;

  constructor(ports: ViewersPorts, limits: Partial<ViewersLimits> = {}) {
    this.#ports = ports;
    this.#limits = { ...ORIGIN_LIMITS, ...limits };
  }

  /** At once where it is remembered. Never rejects. */
  mayPlay(viewer: Viewer): MayPlay | Promise<MayPlay> {
    const key = keyOf(viewer);
    const known = this.#answers.get(key);
    if (known !== undefined && this.#ports.now() < known.until) return known.answer;
    const open = this.#open.get(key);
    if (open !== undefined) return open;
    if (this.#open.size >= this.#limits.readQuestions) return 'unknown';
    const asking = this.#ask(viewer)
      .then((answer) => {
        this.#remember(key, answer);
        return answer;
      })
      .finally(() => this.#open.delete(key));
    this.#open.set(key, asking);
    return asking;
  }

  async #ask({ channel, ip, query, user, password, token }: Viewer): Promise<MayPlay> {
    this.#count += 1;
    const asked = {
      ...({ action: 'read', protocol: 'hls' } as const),
      ...{ ip, path: `live/${channel}`, query, user, password, token, id: `hls-${this.#count}` },
    };
    try {
      const { accessMs } = this.#limits;
      const answer = await withinMs(
        accessMs,
        this.#ports.gate(asked),
        () => new Error(`no answer within ${accessMs} ms`),
      );
      return answer.allowed && answer.channel === channel ? 'yes' : 'no';
    } catch (error) {
      this.#ports.onError(error);
      return 'unknown';
    }
  }

  #remember(key: string, answer: MayPlay): void {
    const { accessAnswers, accessAnswerMs, accessRetryMs } = this.#limits;
    const ms = answer === 'unknown' ? accessRetryMs : accessAnswerMs;
    this.#answers.delete(key);
    this.#answers.set(key, { answer, until: this.#ports.now() + ms });
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined && this.#answers.size > accessAnswers) this.#answers.delete(oldest);
  }
}

function keyOf({ channel, user, password, token }: Viewer): string {
  const all = JSON.stringify([channel, user, password, token]);
  return createHash('sha256').update(all).digest('base64');
}
