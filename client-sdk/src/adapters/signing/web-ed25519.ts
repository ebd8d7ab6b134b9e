import type { Ed25519 } from './ed25519.ts';

const NAME = 'Ed25519';

/**
 * That of WebCrypto (Chromium from 137 on, Firefox 129, Safari 17); undefined where there is none, or the page was not loaded
 * over HTTPS. `subtle` by default the page's.
 */
export async function webEd25519(
  subtle: SubtleCrypto = globalThis.crypto.subtle,
): Promise<Ed25519 | undefined> {
  try {
    // On a page that was not loaded over HTTPS there is nothing to ask.
    await subtle.generateKey(NAME, false, ['sign', 'verify']);
  } catch {
    return undefined;
  }
  return async (publicKey) => {
    const key = await subtle.importKey('raw', new Uint8Array(publicKey), NAME, false, ['verify']);
    return (signature, statement) =>
      subtle.verify(NAME, key, new Uint8Array(signature), new Uint8Array(statement));
  };
}
