/** Whether a key has signed the statement so (RFC 8032). */
export type VerifySignature = (signature: Uint8Array, statement: Uint8Array) => Promise<boolean>;

/** Ed25519 as the platform has it: what a public key of 32 bytes verifies; rejects for bytes that are no key. */
export type Ed25519 = (publicKey: Uint8Array) => Promise<VerifySignature>;
