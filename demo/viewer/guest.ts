import { fieldsOf, numberOf, textOf } from '../shared-ui/fields.ts';
import {
  askService,
  type ServiceAnswer,
  type ServiceFailure,
} from '../shared-ui/service-client.ts';

/** A name that somebody chose, and the token with which it is theirs. */
export type GuestIdentity = {
  readonly id: string;
  readonly name: string;
  readonly token: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
};

const STORAGE_KEY = 'shoal-guest';
/** Of one that is about to end another one is made first. */
const SPARE_MS = 60_000;

/** Reads what was kept; undefined for what is none, or has ended. */
export function readIdentity(text: string | null, now: number): GuestIdentity | undefined {
  try {
    const of = fieldsOf(JSON.parse(text ?? 'null'));
    const [id, name, token] = [textOf(of['id']), textOf(of['name']), textOf(of['token'])];
    const expiresAt = numberOf(of['expiresAt']) ?? 0;
    if (id === '' || name === '' || token === '' || expiresAt - SPARE_MS < now) return undefined;
    return { id, name, token, expiresAt };
  } catch {
    return undefined;
  }
}

/** The name that somebody chose earlier, also where its token has ended. */
export function readName(text: string | null): string {
  try {
    return textOf(fieldsOf(JSON.parse(text ?? 'null'))['name']);
  } catch {
    return '';
  }
}

/** Who the viewer is: a guest with a name of its choice, for as long as the service knows it. */
export class Guest {
  #identity: GuestIdentity | undefined;
  #name: string;

  constructor() {
    const kept = stored();
    this.#identity = readIdentity(kept, Date.now());
    this.#name = this.#identity?.name ?? readName(kept);
  }

  /** Empty before there is one. */
  get name(): string {
    return this.#name;
  }

  /** Undefined before anything was done in this name. */
  get id(): string | undefined {
    return this.#identity?.id;
  }

  /** Takes another name; the one before is somebody else from then on. */
  rename(name: string): void {
    if (name === this.#name) return;
    this.#name = name;
    this.#identity = undefined;
  }

  /** Asks the service in this name. A token that ended, or was taken back, is replaced by another one. */
  async ask(...[method, path, request]: Parameters<typeof askService>): Promise<ServiceAnswer> {
    for (let attempt = 1; ; attempt++) {
      const failure = await this.#become();
      if (failure !== undefined) return failure;
      const token = this.#identity?.token;
      const answer = await askService(method, path, { ...request, token });
      const isUnknown = answer.type === 'refused' && answer.status === 401;
      if (!isUnknown || attempt > 1) return answer;
      this.#identity = undefined;
    }
  }

  async #become(): Promise<ServiceFailure | undefined> {
    const before = this.#identity;
    if (before !== undefined && before.expiresAt - SPARE_MS > Date.now()) return undefined;
    const answer = await askService('POST', '/auth/guest', { body: { name: this.#name } });
    if (answer.type !== 'ok') return answer;
    const of = fieldsOf(answer.body);
    this.#identity = {
      ...{ id: textOf(of['user']), name: this.#name, token: textOf(of['token']) },
      expiresAt: numberOf(of['expiresAt']) ?? Infinity,
    };
    try {
      localStorage.setItem(STORAGE_KEY, JSON.stringify(this.#identity));
    } catch {
      // Without storage it is known as long as the page is open.
    }
    return undefined;
  }
}

function stored(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}
