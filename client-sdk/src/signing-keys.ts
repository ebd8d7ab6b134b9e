import { LIMITS, publicKeyBytes } from '@shoal/protocol';

/**
 * Public keys of the channel, each 32 bytes as base64url, 1 to 16; or a function that gives them. It is asked once, and again,
 * every 30 s at most, when the origin's playlist has a signature of none of them.
 */
export type SigningKeys =
  readonly string[] | (() => readonly string[] | Promise<readonly string[]>);

/** What is wrong with keys that were given as such; undefined for nothing. */
export function signingKeysProblem(keys: SigningKeys | undefined): string | undefined {
  if (keys === undefined || typeof keys === 'function') return undefined;
  // A page in plain JavaScript may pass anything.
  const list: readonly unknown[] = Array.isArray(keys) ? keys : [];
  const fits = list.length > 0 && list.length <= LIMITS.signingKeys;
  return fits && list.every((key) => publicKeyBytes(key) !== undefined)
    ? undefined
    : `must be 1 to ${LIMITS.signingKeys} public keys of Ed25519 as base64url`;
}
