import type { Sha256 } from '@shoal/protocol';

const STEP = 64;

/**
 * Stands in for SHA-256 where a simulated crowd would spend its time hashing: 32 bytes that follow
 * from the lengths and from every 64th byte. It withstands nobody, so only honest swarms may use it.
 */
export const checksum: Sha256 = (...parts) => {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (const part of parts) {
    a = Math.imul(a ^ part.length, 0x01000193);
    for (let i = 0; i < part.length; i += STEP) {
      a = Math.imul(a ^ (part[i] ?? 0), 0x01000193);
      b = Math.imul(b + a, 0x85ebca6b) ^ (b >>> 13);
    }
    // Digest lists are short: their leaves differ in bytes between the steps.
    if (part.length <= STEP * STEP)
      for (let i = 0; i < part.length; i += 4) a = Math.imul(a ^ (part[i] ?? 0), 0x01000193);
  }
  const out = new Uint8Array(32);
  new DataView(out.buffer).setUint32(0, a >>> 0);
  new DataView(out.buffer).setUint32(4, b >>> 0);
  return out;
};
