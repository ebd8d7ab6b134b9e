import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChannelId } from '@shoal/protocol';
import {
  type KeyPair,
  type KeyRing,
  type PublishedKey,
  publishedKeys,
  readKeyRing,
  rotatedKeys,
  type SigningPlace,
} from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { readIfThere } from '../storage/channel-state-file.ts';

/** A key as viewers are told of it; `id` for operators to tell keys apart. */
export type SigningKey = PublishedKey & { readonly id: string };

/** An Ed25519 private key in PKCS #8 up to its seed (RFC 8410 section 7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const SEED_BYTES = 32;
const OWNER_ONLY = 0o600;
const ID_CHARS = 8;

/** The keys with which channels sign their segments (ORG-22), in `dataDir/signing-keys.json`. Private ones never leave it. */
export class SigningKeys {
  readonly #path: string;
  /** Of all channels in the file, those that this origin has not got included. */
  readonly #rings: Map<string, KeyRing>;
  readonly #signers = new Map<ChannelId, KeyObject>();
  readonly #placeOf: (channel: ChannelId) => SigningPlace;

  /**
   * Loads the keys of these channels and makes those that are missing. `placeOf` is asked when keys are published or rotated.
   * Throws an `OriginError` (`data-dir`) for a damaged file.
   */
  constructor(
    dataDir: string,
    channels: readonly ChannelId[],
    placeOf: (channel: ChannelId) => SigningPlace,
  ) {
    this.#path = join(dataDir, 'signing-keys.json');
    this.#placeOf = placeOf;
    this.#rings = new Map(readRings(this.#path));
    const before = this.#rings.size;
    for (const channel of channels) this.#take(channel);
    if (this.#rings.size !== before) this.#write();
  }

  /** Takes in one more channel; throws an `OriginError` (`data-dir`) when its new keys cannot be written. */
  add(channel: ChannelId): void {
    const isNew = !this.#rings.has(channel);
    this.#take(channel);
    try {
      if (isNew) this.#write();
    } catch (cause) {
      this.remove(channel);
      throw new OriginError('data-dir', `cannot write ${this.#path}`, { cause });
    }
  }

  /** Forgets the keys of a channel; the file does when it is written next. */
  remove(channel: ChannelId): void {
    this.#rings.delete(channel);
    this.#signers.delete(channel);
  }

  /** The signature of a channel's current key; synchronous, 0.05 ms. */
  sign(channel: ChannelId, statement: Uint8Array): Uint8Array {
    const key = this.#signers.get(channel);
    if (key === undefined) throw new RangeError(`no channel ${channel}`);
    return sign(null, statement, key);
  }

  /** The public keys that viewers need, the one that signs first; throws a RangeError for a channel the origin does not have. */
  published(channel: ChannelId): readonly SigningKey[] {
    const keys = publishedKeys(this.#ringOf(channel), this.#placeOf(channel));
    return keys.map((key) => ({ id: idOf(key.publicKey), ...key }));
  }

  /**
   * The next key signs from the next segment on, another one is next, and the one before stays published while what it signed is
   * listed. `leaked`: both are new, and no earlier one is published any more. Returns when the file has it. Throws a RangeError
   * for a channel the origin does not have, and an `OriginError`: `signing-keys` when it is refused, `data-dir` when it cannot be
   * written, after which all is as before.
   */
  rotate(channel: ChannelId, { leaked }: { readonly leaked: boolean }): readonly SigningKey[] {
    const before = this.#ringOf(channel);
    const rotated = leaked
      ? { ok: true as const, value: newRing() }
      : rotatedKeys(before, newPair(), this.#placeOf(channel));
    if (!rotated.ok) throw new OriginError('signing-keys', `channel ${channel}: ${rotated.error}`);
    this.#rings.set(channel, rotated.value);
    try {
      this.#write();
    } catch (cause) {
      this.#rings.set(channel, before);
      throw new OriginError('data-dir', `cannot write ${this.#path}`, { cause });
    }
    this.#signers.set(channel, privateKey(rotated.value.current));
    return this.published(channel);
  }

  #take(channel: ChannelId): void {
    const ring = this.#rings.get(channel) ?? newRing();
    this.#rings.set(channel, ring);
    this.#signers.set(channel, privateKey(ring.current));
  }

  #ringOf(channel: ChannelId): KeyRing {
    const ring = this.#signers.has(channel) ? this.#rings.get(channel) : undefined;
    if (ring === undefined) throw new RangeError(`no channel ${channel}`);
    return ring;
  }

  #write(): void {
    const text = `${JSON.stringify(Object.fromEntries(this.#rings), undefined, 2)}\n`;
    writeFileSync(`${this.#path}.new`, text, { mode: OWNER_ONLY });
    renameSync(`${this.#path}.new`, this.#path);
  }
}

function readRings(path: string): readonly (readonly [string, KeyRing])[] {
  const text = readIfThere(path);
  if (text === undefined) return [];
  chmodSync(path, OWNER_ONLY);
  // Nothing of what is in there may get into a message: it is secret.
  const damaged = (why: string): OriginError =>
    new OriginError('data-dir', `${path} is damaged: ${why}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged('not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw damaged('not an object');
  return Object.entries(value).map(([channel, of]: [string, unknown]) => {
    const ring = readKeyRing(of);
    if (!ring.ok) throw damaged(`${channel}: ${ring.error}`);
    for (const pair of [ring.value.current, ring.value.next])
      if (publicKey(privateKey(pair)) !== pair.publicKey)
        throw damaged(`${channel}: a public key is not that of its seed`);
    return [channel, ring.value];
  });
}

function newRing(): KeyRing {
  return { current: newPair(), next: newPair(), retired: [] };
}

function newPair(): KeyPair {
  const seed = randomBytes(SEED_BYTES).toString('base64url');
  return { seed, publicKey: publicKey(privateKey({ seed })) };
}

function privateKey({ seed }: Pick<KeyPair, 'seed'>): KeyObject {
  const der = Buffer.concat([PKCS8_HEAD, Buffer.from(seed, 'base64url')]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

function publicKey(of: KeyObject): string {
  const der = createPublicKey(of).export({ format: 'der', type: 'spki' });
  return der.subarray(-SEED_BYTES).toString('base64url');
}

function idOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url').slice(0, ID_CHARS);
}
