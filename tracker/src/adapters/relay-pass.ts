import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AddressKeys } from './address.ts';

/** The header in which one node tells another whose connection it relays. */
export const RELAY_HEADER = 'x-shoal-relay';

const PASS = /^([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{43})$/;

/** Says whose connection a node relays: by hashes alone, which are the same at all nodes, and signed with what only they know. */
export function relayPass({ address, network }: AddressKeys, secret: Buffer): string {
  const keys = `${address}.${network}`;
  return `${keys}.${sign(keys, secret).toString('base64url')}`;
}

/** Reads a pass; undefined for none, or for one that no node made. */
export function readRelayPass(header: string | undefined, secret: Buffer): AddressKeys | undefined {
  const [, address, network, signature] = PASS.exec(header ?? '') ?? [];
  if (address === undefined || network === undefined || signature === undefined) return undefined;
  const given = Buffer.from(signature, 'base64url');
  return timingSafeEqual(given, sign(`${address}.${network}`, secret))
    ? { address, network }
    : undefined;
}

function sign(keys: string, secret: Buffer): Buffer {
  return createHmac('sha256', secret).update(`shoal relay ${keys}`).digest();
}
