/**
 * Small keyed hashing for choices that must be spread evenly and not be guessed by viewers, who never see
 * the key. It is no cryptographic hash: nothing but fairness depends on it. The result is a signed 32-bit
 * integer, which engines keep without a heap object.
 */
export function hashText(text: string, key: number): number {
  let hash = (key ^ 0x9e3779b9) | 0;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x85ebca6b);
    hash = (hash << 13) | (hash >>> 19);
  }
  return finish(hash ^ text.length);
}

/** Two hashes mixed into one number in (0, 1), evenly spread. */
export function mixToUnit(a: number, b: number): number {
  return ((finish(Math.imul(a, 0x9e3779b1) ^ finish(b)) >>> 0) + 0.5) / 0x1_0000_0000;
}

/** The finaliser of MurmurHash3 (32 bit): every input bit reaches every output bit. */
function finish(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
