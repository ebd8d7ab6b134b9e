import { err, isUint32, LIMITS, ok, publicKeyBytes, type Result } from '@shoal/protocol';
import { ORIGIN_LIMITS } from '../limits.ts';

/** A pair of Ed25519: seed and public key, each 32 bytes as base64url (RFC 8032 section 5.1.5). */
export type KeyPair = { readonly seed: string; readonly publicKey: string };

/** A key that signs nothing any more. Its seed is gone. */
export type RetiredKey = {
  readonly publicKey: string;
  /** It has signed no segment with this number or a later one. */
  readonly untilMsn: number;
  /** Unix milliseconds. */
  readonly retiredAt: number;
};

/** The signing keys of a channel (ORG-22). */
export type KeyRing = {
  readonly current: KeyPair;
  /** Signs after the next rotation; published from now on, so that viewers know it by then. */
  readonly next: KeyPair;
  /** Latest first. */
  readonly retired: readonly RetiredKey[];
};

/** Where a channel is. */
export type SigningPlace = {
  /** The number of its next segment. */
  readonly nextMsn: number;
  /** Of the oldest segment that is listed anywhere; undefined when none is. */
  readonly oldestMsn: number | undefined;
  /** Unix milliseconds. */
  readonly now: number;
};

/** A public key as it is published, and what it does: sign, be known before it signs, or verify what it has signed. */
export type PublishedKey = {
  /** 32 bytes as base64url. */
  readonly publicKey: string;
  readonly state: 'current' | 'next' | 'retired';
};

/** The keys that viewers need: the one that signs first. */
export function publishedKeys(ring: KeyRing, place: SigningPlace): readonly PublishedKey[] {
  return [
    { publicKey: ring.current.publicKey, state: 'current' },
    { publicKey: ring.next.publicKey, state: 'next' },
    ...needed(ring, place).map(({ publicKey }) => ({ publicKey, state: 'retired' as const })),
  ];
}

/**
 * The keys after a rotation: the one that was next signs from the next segment on, `made` is next. What was needed stays. An
 * error when that is refused: less than a minute after the one before, or when too many earlier keys are needed.
 */
export function rotatedKeys(
  ring: KeyRing,
  made: KeyPair,
  place: SigningPlace,
): Result<KeyRing, string> {
  const { current, next } = ring;
  const { nextMsn: untilMsn, now: retiredAt } = place;
  const [last] = ring.retired;
  if (last !== undefined && retiredAt - last.retiredAt < ORIGIN_LIMITS.signingKeyLeadMs)
    return err('viewers do not know the next key yet; try again in a minute');
  const retired = [{ publicKey: current.publicKey, untilMsn, retiredAt }, ...needed(ring, place)];
  if (retired.length + 2 > LIMITS.signingKeys)
    return err(`what ${retired.length - 1} earlier keys have signed is still listed`);
  return ok({ current: next, next: made, retired });
}

/** Those that have signed something which is listed, or was so until a moment ago. */
function needed(ring: KeyRing, { oldestMsn, now }: SigningPlace): readonly RetiredKey[] {
  return ring.retired.filter(
    ({ untilMsn, retiredAt }) =>
      (oldestMsn !== undefined && oldestMsn < untilMsn) ||
      now - retiredAt < ORIGIN_LIMITS.retiredKeyMs,
  );
}

/** Reads what was written of {@link KeyRing} as JSON, already parsed. */
export function readKeyRing(value: unknown): Result<KeyRing, string> {
  const fields = fieldsOf(value);
  const [current, next] = [readPair(fields.get('current')), readPair(fields.get('next'))];
  const list = fields.get('retired');
  if (current === undefined || next === undefined) return err('current or next');
  if (!Array.isArray(list) || list.length > LIMITS.signingKeys - 2) return err('retired');
  const retired: RetiredKey[] = [];
  for (const item of list as readonly unknown[]) {
    const of = fieldsOf(item);
    const [publicKey, untilMsn] = [of.get('publicKey'), of.get('untilMsn')];
    const retiredAt = of.get('retiredAt');
    const right = isKey(publicKey) && isUint32(untilMsn) && typeof retiredAt === 'number';
    if (!right) return err('retired');
    retired.push({ publicKey, untilMsn, retiredAt });
  }
  return ok({ current, next, retired });
}

function readPair(value: unknown): KeyPair | undefined {
  const of = fieldsOf(value);
  const [seed, publicKey] = [of.get('seed'), of.get('publicKey')];
  return isKey(seed) && isKey(publicKey) ? { seed, publicKey } : undefined;
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(typeof value === 'object' && value !== null ? value : {}));
}

/** Seeds are as long as public keys. */
function isKey(value: unknown): value is string {
  return publicKeyBytes(value) !== undefined;
}
