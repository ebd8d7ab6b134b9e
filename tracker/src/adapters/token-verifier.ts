import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { LIMITS, parseChannelId } from '@shoal/protocol';
import { errors, jwtVerify } from 'jose';
import { type Grant, isViewerName } from '../core/index.ts';
import { TrackerStartError } from '../errors.ts';

/** Who signs tokens; exactly one of the two keys. */
export type AuthOptions = {
  /** Shared with the site's server, which signs with HS256: at least 32 characters. */
  readonly secret?: string | undefined;
  /** The public key (PEM, SPKI) of a site that signs with EdDSA, ES256 or RS256: this tracker cannot sign then. */
  readonly publicKey?: string | undefined;
  /** What `aud` must be or contain. Default: it is not looked at. */
  readonly audience?: string | undefined;
};

/** Why a token gives no right; said in the log, never to the client. */
type TokenProblem = 'missing' | 'too-large' | 'expired' | 'invalid' | 'claims';

export type Verified =
  | { readonly ok: true; readonly grant: Grant }
  | { readonly ok: false; readonly problem: TokenProblem };

/** A token may be valid for so long at most: what a viewer had a right to, it may not have any more. Seconds. */
const MAX_LIFE_S = 300;
/** Clocks of the site and of the tracker may differ by so much. Seconds. */
const TOLERANCE_S = 30;
const SECRET_LENGTH = 32;
const PUBLIC_KEY_ALGORITHMS: Readonly<Record<string, string>> = {
  ed25519: 'EdDSA',
  ec: 'ES256',
  rsa: 'RS256',
};

/** Verifies tokens (JWT, RFC 7519): the claims `sub` (the viewer), `channel` and `exp`, at most 300 s ahead (TRK-22). */
export class TokenVerifier {
  readonly #key: KeyObject;
  readonly #algorithm: string;
  readonly #audience: string | undefined;

  /** Throws `TrackerStartError` (bad-option) for a key that is none. */
  constructor({ secret, publicKey, audience }: AuthOptions) {
    if ((secret === undefined) === (publicKey === undefined))
      throw badOption('either a secret or a public key');
    if (secret !== undefined && secret.length < SECRET_LENGTH)
      throw badOption(`a secret has at least ${String(SECRET_LENGTH)} characters`);
    this.#key = publicKey === undefined ? secretKey(secret ?? '') : readPublicKey(publicKey);
    // Bound to the kind of key, so that a token cannot choose how it is looked at (RFC 8725 section 3.1).
    const algorithm = publicKey === undefined ? 'HS256' : algorithmOf(this.#key);
    if (algorithm === undefined)
      throw badOption('the public key is not Ed25519, P-256 or RSA of 2048 bits or more');
    this.#algorithm = algorithm;
    this.#audience = audience;
  }

  async verify(token: string | null, now: number): Promise<Verified> {
    if (token === null || token === '') return no('missing');
    if (token.length > LIMITS.tokenBytes) return no('too-large');
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: [this.#algorithm],
        clockTolerance: TOLERANCE_S,
        currentDate: new Date(now),
        requiredClaims: ['exp', 'sub', 'channel'],
        ...(this.#audience !== undefined && { audience: this.#audience }),
      });
      const { sub = '', exp = 0 } = payload;
      const channel = parseChannelId(payload['channel']);
      if (!channel.ok || !isViewerName(sub)) return no('claims');
      if (exp - now / 1000 > MAX_LIFE_S + TOLERANCE_S) return no('claims');
      // A late one gets the tolerance that its check had.
      const expiresAt = (exp + TOLERANCE_S) * 1000;
      return { ok: true, grant: { channel: channel.value, viewer: sub, expiresAt } };
    } catch (error) {
      if (error instanceof errors.JWTExpired) return no('expired');
      return no(error instanceof errors.JWTClaimValidationFailed ? 'claims' : 'invalid');
    }
  }
}

function no(problem: TokenProblem): Verified {
  return { ok: false, problem };
}

function secretKey(secret: string): KeyObject {
  return createSecretKey(Buffer.from(secret, 'utf8'));
}

function readPublicKey(pem: string): KeyObject {
  // A private key would be taken, too, and its public half used: nothing that belongs on a tracker.
  if (pem.includes('PRIVATE KEY')) throw badOption('a private key is not for the tracker');
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw badOption('the public key is not PEM', cause);
  }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | undefined {
  const { namedCurve = 'prime256v1', modulusLength = 2_048 } = asymmetricKeyDetails ?? {};
  if (namedCurve !== 'prime256v1' || modulusLength < 2_048) return undefined;
  return PUBLIC_KEY_ALGORITHMS[asymmetricKeyType ?? ''];
}

function badOption(message: string, cause?: unknown): TrackerStartError {
  return new TrackerStartError('bad-option', `auth: ${message}`, cause);
}
