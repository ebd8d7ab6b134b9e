import { sha256 as algorithm } from '@noble/hashes/sha2.js';
import type { Sha256 } from '@shoal/protocol';

/**
 * SHA-256 (FIPS 180-4) over the concatenation of the parts, without concatenating them. In script,
 * since `crypto.subtle` is asynchronous and missing on pages that were not loaded over HTTPS.
 */
export const sha256: Sha256 = (...parts) => {
  const hash = algorithm.create();
  for (const part of parts) hash.update(part);
  return hash.digest();
};
