import { createPublicKey, verify } from 'node:crypto';
import type { Ed25519 } from '../signing/ed25519.ts';

/** That of OpenSSL, on a thread of its own; Node calls the one of its WebCrypto an experiment. */
export const nativeEd25519: Ed25519 = (publicKey) => {
  const x = Buffer.from(publicKey).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return Promise.resolve(
    (signature, statement) =>
      new Promise((resolve) => {
        verify(null, statement, key, signature, (error, right) => {
          resolve(error === null && right);
        });
      }),
  );
};
