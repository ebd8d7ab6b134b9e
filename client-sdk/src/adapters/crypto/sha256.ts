import type { Sha256 } from '@shoal/protocol';

const BLOCK = 64;
/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes, and of the square roots of the first 8. */
const K = new Int32Array(64);
const INITIAL = new Int32Array(8);
for (let n = 2, found = 0; found < 64; n++) {
  let prime = true;
  for (let divisor = 2; divisor * divisor <= n; divisor++) prime &&= n % divisor !== 0;
  if (!prime) continue;
  if (found < 8) INITIAL[found] = fraction(Math.sqrt(n));
  K[found++] = fraction(Math.cbrt(n));
}

// One message schedule and one block for all: nothing here is ever interrupted.
const W = new Int32Array(64);
const state = new Int32Array(8);
const block = new Uint8Array(BLOCK);
const blockView = new DataView(block.buffer);

/**
 * SHA-256 (FIPS 180-4) over the concatenation of the parts, without concatenating them. In script,
 * since `crypto.subtle` is asynchronous and missing on pages that were not loaded over HTTPS.
 */
export const sha256: Sha256 = (...parts) => {
  state.set(INITIAL);
  let filled = 0;
  let length = 0;
  for (const part of parts) {
    length += part.length;
    let at = 0;
    if (filled > 0) {
      at = Math.min(BLOCK - filled, part.length);
      block.set(part.subarray(0, at), filled);
      filled += at;
      if (filled < BLOCK) continue;
      compress(blockView, 0);
    }
    const view = new DataView(part.buffer, part.byteOffset, part.length);
    for (; at + BLOCK <= part.length; at += BLOCK) compress(view, at);
    block.set(part.subarray(at));
    filled = part.length - at;
  }
  // A one bit, zeros, and the length in bits as 64 of them.
  block.fill(0, filled);
  block[filled] = 0x80;
  if (filled >= BLOCK - 8) {
    compress(blockView, 0);
    block.fill(0);
  }
  blockView.setUint32(56, length / 0x2000_0000);
  blockView.setUint32(60, length << 3);
  compress(blockView, 0);
  const digest = new Uint8Array(32);
  const out = new DataView(digest.buffer);
  state.forEach((word, i) => {
    out.setInt32(4 * i, word);
  });
  return digest;
};

/** FIPS 180-4 section 6.2.2. */
function compress(view: DataView, offset: number): void {
  for (let t = 0; t < 16; t++) W[t] = view.getInt32(offset + 4 * t);
  for (let t = 16; t < 64; t++) {
    const x = W[t - 15] ?? 0;
    const y = W[t - 2] ?? 0;
    const s0 = rotated(x, 7) ^ rotated(x, 18) ^ (x >>> 3);
    const s1 = rotated(y, 17) ^ rotated(y, 19) ^ (y >>> 10);
    W[t] = ((W[t - 16] ?? 0) + s0 + (W[t - 7] ?? 0) + s1) | 0;
  }
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  let e = state[4] ?? 0;
  let f = state[5] ?? 0;
  let g = state[6] ?? 0;
  let h = state[7] ?? 0;
  // No array is made here: this runs for every 64 bytes.
  for (let t = 0; t < 64; t++) {
    const s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (K[t] ?? 0) + (W[t] ?? 0)) | 0;
    const s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  add(0, a);
  add(1, b);
  add(2, c);
  add(3, d);
  add(4, e);
  add(5, f);
  add(6, g);
  add(7, h);
}

function add(index: number, word: number): void {
  state[index] = ((state[index] ?? 0) + word) | 0;
}

function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function fraction(root: number): number {
  return ((root % 1) * 0x1_0000_0000) | 0;
}
