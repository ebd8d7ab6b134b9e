import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../../../client-sdk/src/adapters/crypto/sha256.ts';

describe('sha256', () => {
  it('SEG-6 is the SHA-256 of the concatenated parts, whatever they are and however many', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), (parts) => {
        const expected = createHash('sha256').update(Buffer.concat(parts)).digest();
        expect(Buffer.from(sha256(...parts)).equals(expected)).toBe(true);
      }),
    );
  });
});
