import { LIMITS, publicKeyBytes } from '@shoal/protocol';
import type { SigningKeys } from '../../signing-keys.ts';
import type { Ed25519, VerifySignature } from './ed25519.ts';

/** What {@link KnownKeys} need. */
export type KnownKeysOptions = {
  readonly source: SigningKeys;
  readonly ed25519: Ed25519;
  /** Monotonic, in ms. */
  readonly now: () => number;
  /** Other keys are known than before. */
  readonly onChange: () => void;
  /** They could not be had; once until they can be. */
  readonly onFailure: (cause: unknown) => void;
};

/** Between two questions for keys. */
const ASK_MS = 30_000;

/** The public keys of a channel, asked for again when one is missing. */
export class KnownKeys {
  readonly #options: KnownKeysOptions;
  /** By their text, the one that verified last first. */
  #keys = new Map<string, VerifySignature>();
  /** Those that have verified something. */
  readonly #used = new Set<string>();
  #askedAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #failed = false;

  constructor(options: KnownKeysOptions) {
    this.#options = options;
  }

  /** False until keys have been had. */
  get known(): boolean {
    return this.#keys.size > 0;
  }

  /** Gets them; resolves when they are there, or cannot be had. */
  async ask(): Promise<void> {
    const { source, ed25519, now, onChange, onFailure } = this.#options;
    this.#askedAt = now();
    try {
      const texts: unknown = typeof source === 'function' ? await source() : source;
      if (!Array.isArray(texts)) throw new TypeError('no list of keys');
      const keys = new Map<string, VerifySignature>();
      for (const text of (texts as readonly unknown[]).slice(0, LIMITS.signingKeys)) {
        const bytes = publicKeyBytes(text);
        if (bytes === undefined) continue;
        const name = String(text);
        const key = this.#keys.get(name) ?? (await ed25519(bytes).catch(() => undefined));
        if (key !== undefined) keys.set(name, key);
      }
      if (keys.size === 0) throw new TypeError('no key');
      const before = this.#keys;
      this.#keys = keys;
      const same = keys.size === before.size && [...keys.keys()].every((name) => before.has(name));
      this.#failed = false;
      if (!same && !this.#closed) onChange();
    } catch (cause) {
      if (!this.#closed && !this.#failed) onFailure(cause);
      this.#failed = true;
      this.miss();
    }
  }

  /** A key is missing: asks again, as soon as it may. */
  miss(): void {
    const { source, now } = this.#options;
    if (typeof source !== 'function' || this.#timer !== undefined || this.#closed) return;
    const wait = Math.max(0, this.#askedAt + ASK_MS - now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.ask();
    }, wait);
  }

  /** Whether one of the keys verifies it. */
  async verify(signature: Uint8Array, statement: Uint8Array): Promise<boolean> {
    const keys = this.#keys;
    for (const [name, verifies] of keys) {
      const right = await verifies(signature, statement).catch(() => false);
      if (!right) continue;
      // The one that signed last signs next, as a rule.
      if (this.#keys.keys().next().value !== name && this.#keys.has(name))
        this.#keys = new Map([[name, verifies], ...this.#keys]);
      this.#use(name);
      return true;
    }
    return false;
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** The first use of another key tells of a rotation, after which there is a next key to be known. */
  #use(name: string): void {
    if (this.#used.has(name)) return;
    this.#used.add(name);
    if (this.#used.size > 1) this.miss();
  }
}
