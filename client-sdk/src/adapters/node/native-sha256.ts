import { createHash } from 'node:crypto';
import type { Sha256 } from '@shoal/protocol';

/** SHA-256 (FIPS 180-4) over the concatenation of the parts, by OpenSSL. */
export const nativeSha256: Sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
