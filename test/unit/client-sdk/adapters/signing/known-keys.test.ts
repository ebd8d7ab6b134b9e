import { webcrypto } from 'node:crypto';
import { toBase64Url } from '@shoal/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nativeEd25519 } from '../../../../../client-sdk/src/adapters/node/native-ed25519.ts';
import { KnownKeys } from '../../../../../client-sdk/src/adapters/signing/known-keys.ts';
import { webEd25519 } from '../../../../../client-sdk/src/adapters/signing/web-ed25519.ts';
import {
  type SigningKeys,
  signingKeysProblem,
} from '../../../../../client-sdk/src/signing-keys.ts';
import { makeSigner } from '../../../../support/signing.ts';

const STATEMENT = Buffer.from('a statement');
const [A, B, C] = [makeSigner(), makeSigner(), makeSigner()];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Keys, and what they told. */
function open(source: SigningKeys): { keys: KnownKeys; changes: number; failures: unknown[] } {
  const told = {
    changes: 0,
    failures: [] as unknown[],
    keys: new KnownKeys({
      source,
      ed25519: nativeEd25519,
      now: () => performance.now(),
      onChange: () => (told.changes += 1),
      onFailure: (cause) => told.failures.push(cause),
    }),
  };
  return told;
}

describe.each([
  ['Node', () => Promise.resolve(nativeEd25519)],
  ['WebCrypto', () => webEd25519(webcrypto.subtle as SubtleCrypto)],
])('Ed25519 of %s', (_, load) => {
  it('SEG-14 verifies what the key has signed, and nothing else', async () => {
    const ed25519 = await load();
    const verifies = await ed25519?.(Buffer.from(A.publicKey, 'base64url'));
    const signature = A.sign(STATEMENT);
    expect(await verifies?.(signature, STATEMENT)).toBe(true);
    expect(await verifies?.(signature, Buffer.from('another'))).toBe(false);
    expect(await verifies?.(B.sign(STATEMENT), STATEMENT)).toBe(false);
    expect(await verifies?.(new Uint8Array(64), STATEMENT)).toBe(false);
  });
});

describe('Ed25519 of the browser', () => {
  it('is none on a page that was not loaded over HTTPS, and where the browser does not know it', async () => {
    const subtle = {
      generateKey: () => Promise.reject(new DOMException('no', 'NotSupportedError')),
    };
    expect(await webEd25519(subtle as unknown as SubtleCrypto)).toBeUndefined();
    const { crypto } = globalThis;
    vi.stubGlobal('crypto', { getRandomValues: () => {} });
    expect(await webEd25519()).toBeUndefined();
    vi.stubGlobal('crypto', crypto);
  });
});

describe('the keys of a channel', () => {
  it('SEG-14 any of them verifies', async () => {
    const { keys } = open([A.publicKey, B.publicKey]);
    expect(keys.known).toBe(false);
    expect(await keys.verify(A.sign(STATEMENT), STATEMENT)).toBe(false);
    await keys.ask();
    expect(keys.known).toBe(true);
    for (const [signer, right] of [
      [A, true],
      [B, true],
      [C, false],
      [A, true],
    ] as const)
      expect(await keys.verify(signer.sign(STATEMENT), STATEMENT)).toBe(right);
  });

  it('SEG-14 what is no key among those that a function gives is left out; a list of none is a failure', async () => {
    let list: unknown = ['short', 7, null, A.publicKey];
    const told = open(() => list as readonly string[]);
    await told.keys.ask();
    expect(await told.keys.verify(A.sign(STATEMENT), STATEMENT)).toBe(true);
    for (list of ['text', {}, [], ['short']]) await told.keys.ask();
    expect(told.failures).toHaveLength(1);
    // The old ones are still good.
    expect(await told.keys.verify(A.sign(STATEMENT), STATEMENT)).toBe(true);
    expect(told.changes).toBe(1);
  });

  it('LIM-17 no more than 16 are taken', async () => {
    const many = Array.from({ length: 20 }, makeSigner);
    const { keys } = open(() => many.map(({ publicKey }) => publicKey));
    await keys.ask();
    const right = await Promise.all(
      many.map(({ sign }) => keys.verify(sign(STATEMENT), STATEMENT)),
    );
    expect(right.filter(Boolean)).toHaveLength(16);
  });

  it('SEG-14 a function is asked again when a key is missing, every 30 s at most', async () => {
    let asked = 0;
    const { keys } = open(() => {
      asked += 1;
      return Promise.resolve([A.publicKey]);
    });
    await keys.ask();
    for (let i = 0; i < 5; i++) keys.miss();
    await vi.advanceTimersByTimeAsync(29_900);
    expect(asked).toBe(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(asked).toBe(2);
    keys.miss();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked).toBe(3);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(3);
    keys.miss();
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toBe(4);
    keys.miss();
    keys.close();
    await vi.advanceTimersByTimeAsync(60_000);
    keys.miss();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(4);
  });

  it('SEG-14 one that fails is asked again every 30 s, and that is told once until it works', async () => {
    let asked = 0;
    const told = open(() => {
      asked += 1;
      if (asked === 4) return [A.publicKey];
      throw new Error('offline');
    });
    await told.keys.ask();
    await vi.advanceTimersByTimeAsync(300_000);
    expect(asked).toBe(4);
    expect(told.failures).toEqual([new Error('offline')]);
    expect(told.changes).toBe(1);
  });

  it('ORG-22 the first use of another key has them asked for: there has been a rotation', async () => {
    let list = [A.publicKey, B.publicKey];
    const told = open(() => list);
    await told.keys.ask();
    await keysFor(told.keys, A);
    await vi.advanceTimersByTimeAsync(60_000);
    list = [B.publicKey, C.publicKey, A.publicKey];
    await keysFor(told.keys, B);
    expect(await told.keys.verify(C.sign(STATEMENT), STATEMENT)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(told.changes).toBe(2);
    await keysFor(told.keys, C);
  });
});

async function keysFor(keys: KnownKeys, signer: typeof A): Promise<void> {
  expect(await keys.verify(signer.sign(STATEMENT), STATEMENT)).toBe(true);
}

describe('keys as an option', () => {
  it('SEG-14 are 1 to 16 of 32 bytes as base64url, or a function', () => {
    expect(signingKeysProblem(undefined)).toBeUndefined();
    expect(signingKeysProblem([A.publicKey])).toBeUndefined();
    expect(signingKeysProblem(() => [])).toBeUndefined();
    const long = toBase64Url(new Uint8Array(33));
    const many = Array.from({ length: 17 }, () => A.publicKey);
    for (const keys of [[], ['short'], [A.publicKey, long], many])
      expect(signingKeysProblem(keys)).toMatch(/1 to 16/);
  });
});
