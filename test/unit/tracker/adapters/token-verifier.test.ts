import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { TrackerStartError } from '@shoal/tracker';
import { SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { TokenVerifier } from '../../../../tracker/src/adapters/token-verifier.ts';

const NOW = 1_800_000_000_000;
const SECRET = 'a secret of more than thirty-two characters';
const CLAIMS = { sub: 'ann', channel: 'demo', exp: NOW / 1000 + 300 };

const secret = new TokenVerifier({ secret: SECRET });

function sign(
  claims: Readonly<Record<string, unknown>>,
  key: KeyObject | Uint8Array = Buffer.from(SECRET),
  alg = 'HS256',
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(key);
}

async function problem(token: string | null, verifier = secret): Promise<string> {
  const verified = await verifier.verify(token, NOW);
  return verified.ok ? 'none' : verified.problem;
}

describe('TRK-22 a token', () => {
  it('gives the right to its channel until it expires, 30 s of clock difference allowed', async () => {
    const verified = await secret.verify(await sign(CLAIMS), NOW);
    const grant = { channel: 'demo', viewer: 'ann', expiresAt: NOW + 330_000 };
    expect(verified).toEqual({ ok: true, grant });
  });

  it.each([
    [{ ...CLAIMS, exp: NOW / 1000 - 31 }, 'expired'],
    [{ ...CLAIMS, exp: NOW / 1000 - 29 }, 'none'],
    [{ ...CLAIMS, exp: NOW / 1000 + 331 }, 'claims'],
    [{ ...CLAIMS, exp: undefined }, 'claims'],
    [{ ...CLAIMS, sub: undefined }, 'claims'],
    [{ ...CLAIMS, sub: 'a b' }, 'claims'],
    [{ ...CLAIMS, sub: 'x'.repeat(129) }, 'claims'],
    [{ ...CLAIMS, channel: undefined }, 'claims'],
    [{ ...CLAIMS, channel: ['demo'] }, 'claims'],
    [{ ...CLAIMS, channel: 'a b' }, 'claims'],
    [{ ...CLAIMS, nbf: NOW / 1000 + 60 }, 'claims'],
  ])('of %j is looked at: %s', async (claims, expected) => {
    expect(await problem(await sign(claims))).toBe(expected);
  });

  it('that is missing, too long, no token, unsigned, or signed by somebody else gives none', async () => {
    expect(await problem(null)).toBe('missing');
    expect(await problem('')).toBe('missing');
    expect(await problem('x'.repeat(4_097))).toBe('too-large');
    expect(await problem('a.b.c')).toBe('invalid');
    expect(await problem(new UnsecuredJWT(CLAIMS).encode())).toBe('invalid');
    expect(await problem(await sign(CLAIMS, Buffer.from(SECRET.toUpperCase())))).toBe('invalid');
    expect(await problem(await sign(CLAIMS, Buffer.from(SECRET.repeat(2)), 'HS512'))).toBe(
      'invalid',
    );
    const token = await sign(CLAIMS);
    expect(await problem(`${token.slice(0, -2)}AA`)).toBe('invalid');
  });

  it('is for an audience where one is asked for', async () => {
    const verifier = new TokenVerifier({ secret: SECRET, audience: 'shoal' });
    expect(await problem(await sign(CLAIMS), verifier)).toBe('claims');
    expect(await problem(await sign({ ...CLAIMS, aud: 'shop' }), verifier)).toBe('claims');
    expect(await problem(await sign({ ...CLAIMS, aud: ['shop', 'shoal'] }), verifier)).toBe('none');
  });
});

describe('public keys', () => {
  const pairs = [
    ['EdDSA', generateKeyPairSync('ed25519')],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ] as const;

  it.each(pairs)('%s: verifies, and does not take its own key for a secret', async (alg, pair) => {
    const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const verifier = new TokenVerifier({ publicKey });
    expect(await problem(await sign(CLAIMS, pair.privateKey, alg), verifier)).toBe('none');
    // RFC 8725 section 2.1: who knows the public key signs with it as if it were a secret.
    const forged = await sign(CLAIMS, Buffer.from(publicKey), 'HS256');
    expect(await problem(forged, verifier)).toBe('invalid');
  });
});

it.each([
  ['no key', {}],
  ['both keys', { secret: SECRET, publicKey: 'x' }],
  ['a short secret', { secret: 'short' }],
  ['no PEM', { publicKey: 'x' }],
  ['a private key', { publicKey: '-----BEGIN PRIVATE KEY-----' }],
  [
    'a small RSA key',
    {
      publicKey: generateKeyPairSync('rsa', { modulusLength: 1024 })
        .publicKey.export({ type: 'spki', format: 'pem' })
        .toString(),
    },
  ],
  [
    'another curve',
    {
      publicKey: generateKeyPairSync('ec', { namedCurve: 'P-384' })
        .publicKey.export({ type: 'spki', format: 'pem' })
        .toString(),
    },
  ],
])('%s is a bad option', (_, options) => {
  expect(() => new TokenVerifier(options)).toThrow(TrackerStartError);
});
