import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sha256 } from '../../../../../client-sdk/src/adapters/crypto/sha256.ts';
import { nativeSha256 } from '../../../../../client-sdk/src/adapters/node/native-sha256.ts';

it('agrees with the hash that browsers use', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (parts) => {
      expect([...nativeSha256(...parts)]).toEqual([...sha256(...parts)]);
    }),
  );
});
