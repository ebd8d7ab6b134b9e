import { createHmac, randomBytes } from 'node:crypto';
import { type BlockList, isIP } from 'node:net';

/** An address as this process knows it: keyed hashes only, with a key that dies with the process or is the secret of its nodes. */
export type AddressKeys = {
  /** One IPv4 address, or one IPv6 /64. */
  readonly address: string;
  /** Its IPv4 /24, or its IPv6 /48. */
  readonly network: string;
};

/** Turns addresses into keys, so that none is kept, relayed or logged. */
export class AddressHasher {
  readonly #salt: Buffer;

  constructor(salt: Buffer = randomBytes(16)) {
    this.#salt = salt;
  }

  keys(address: string): AddressKeys {
    // Four groups are a whole IPv4 address and a /64 of IPv6; three are a /24 and a /48.
    const groups = isIP(address) === 6 ? expand(address) : address.split('.');
    return { address: this.#hash(groups.slice(0, 4)), network: this.#hash(groups.slice(0, 3)) };
  }

  #hash(groups: readonly string[]): string {
    const hash = createHmac('sha256', this.#salt).update(groups.join(' '));
    // Of the bytes: a part of a text would keep the whole of it.
    return hash.digest().toString('base64url', 0, 12);
  }
}

/**
 * The address a request came from: the socket's, or, where that belongs to a trusted proxy, the last one in
 * `X-Forwarded-For` that does not. What a client wrote further left is its own invention.
 */
export function clientAddress(
  request: {
    readonly remoteAddress: string | undefined;
    readonly forwardedFor: string | undefined;
  },
  trusted: BlockList,
): string {
  let address = plain(request.remoteAddress ?? '');
  const hops = (request.forwardedFor ?? '').split(',').map((hop) => plain(hop.trim()));
  while (isTrusted(address, trusted)) {
    const hop = hops.pop();
    if (hop === undefined || isIP(hop) === 0) break;
    address = hop;
  }
  return address;
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const family = isIP(address);
  return family !== 0 && trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** Without the IPv6 form of an IPv4 address, and without a zone. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}

/** The eight groups of an IPv6 address (RFC 4291 section 2.2). */
function expand(address: string): readonly string[] {
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  const groups = tail === undefined ? left : [...left, ...gap, ...right];
  return groups.map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''));
}
