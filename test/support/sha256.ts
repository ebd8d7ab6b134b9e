import { createHash } from 'node:crypto';
import type { Sha256 } from '@shoal/protocol';

/** SHA-256 of Node, in the shape the cores take. */
export const sha256: Sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};
