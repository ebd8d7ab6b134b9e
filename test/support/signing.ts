import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import {
  type ChannelId,
  type SegmentInfo,
  segmentStatement,
  signatureBytes,
} from '@shoal/protocol';

/** A key of Ed25519, as a channel has it. */
export type Signer = {
  /** 32 bytes as base64url. */
  readonly publicKey: string;
  readonly sign: (statement: Uint8Array) => Uint8Array;
};

export function makeSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    publicKey: String(publicKey.export({ format: 'jwk' }).x),
    sign: (statement) => sign(null, statement, privateKey),
  };
}

/** The keys, of those given, that a segment is signed with, by Node's own verification (SEG-14). */
export function signedBy(
  keys: readonly string[],
  channel: ChannelId,
  info: SegmentInfo,
): readonly string[] {
  const { signature } = info;
  if (signature === undefined) return [];
  const statement = segmentStatement(channel, info);
  return keys.filter((x) => {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, statement, key, signatureBytes(signature));
  });
}
