import { LIMITS, toBase64Url } from '@shoal/protocol';
import {
  type KeyPair,
  type KeyRing,
  ORIGIN_LIMITS,
  publishedKeys,
  readKeyRing,
  rotatedKeys,
} from '@shoal/server/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

function pair(n: number): KeyPair {
  const text = toBase64Url(new Uint8Array(32).fill(n));
  return { seed: text, publicKey: text };
}

const FRESH: KeyRing = { current: pair(0), next: pair(1), retired: [] };
const NOTHING = { nextMsn: 0, oldestMsn: undefined, now: 0 };

function rotated(ring: KeyRing, made: KeyPair, place: Parameters<typeof rotatedKeys>[2]): KeyRing {
  const result = rotatedKeys(ring, made, place);
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

function states(ring: KeyRing, place: Parameters<typeof publishedKeys>[1]): readonly string[] {
  return publishedKeys(ring, place).map(({ state }) => state);
}

describe('the signing keys of a channel', () => {
  it('ORG-22 the key that signs is published, and the one that will', () => {
    expect(publishedKeys(FRESH, NOTHING)).toEqual([
      { publicKey: pair(0).publicKey, state: 'current' },
      { publicKey: pair(1).publicKey, state: 'next' },
    ]);
  });

  it('ORG-22 the next key signs after a rotation, and what is left of the one before is its public half', () => {
    const ring = rotated(FRESH, pair(2), { nextMsn: 40, oldestMsn: 30, now: 5 });
    expect(ring).toEqual({
      current: pair(1),
      next: pair(2),
      retired: [{ publicKey: pair(0).publicKey, untilMsn: 40, retiredAt: 5 }],
    });
  });

  it('ORG-22 a key is published while what it has signed is listed, and an hour in any case', () => {
    const ring = rotated(FRESH, pair(2), { nextMsn: 40, oldestMsn: 30, now: 0 });
    const later = ORIGIN_LIMITS.retiredKeyMs;
    const all = ['current', 'next', 'retired'];
    expect(states(ring, { nextMsn: 99, oldestMsn: 39, now: 100 * later })).toEqual(all);
    expect(states(ring, { nextMsn: 99, oldestMsn: 40, now: later - 1 })).toEqual(all);
    expect(states(ring, { nextMsn: 99, oldestMsn: undefined, now: later - 1 })).toEqual(all);
    expect(states(ring, { nextMsn: 99, oldestMsn: 40, now: later })).toEqual(all.slice(0, 2));
    expect(states(ring, { ...NOTHING, now: later })).toEqual(all.slice(0, 2));
  });

  it('ORG-22 a second rotation within a minute is refused: viewers must come to know the next key', () => {
    const ring = rotated(FRESH, pair(2), { ...NOTHING, now: 5 });
    const now = 5 + ORIGIN_LIMITS.signingKeyLeadMs;
    expect(rotatedKeys(ring, pair(3), { ...NOTHING, now: now - 1 })).toMatchObject({
      ok: false,
      error: expect.stringContaining('minute') as string,
    });
    expect(rotatedKeys(ring, pair(3), { ...NOTHING, now }).ok).toBe(true);
  });

  it('LIM-17 no more keys are published than viewers take', () => {
    let ring = FRESH;
    const place = (n: number): Parameters<typeof rotatedKeys>[2] => ({
      ...{ nextMsn: n, oldestMsn: 0, now: n * ORIGIN_LIMITS.signingKeyLeadMs },
    });
    for (let n = 2; n < LIMITS.signingKeys; n++) ring = rotated(ring, pair(n), place(n));
    expect(publishedKeys(ring, place(20))).toHaveLength(LIMITS.signingKeys);
    expect(rotatedKeys(ring, pair(20), place(20))).toMatchObject({
      ok: false,
      error: expect.stringContaining('still listed') as string,
    });
    const gone = { ...place(20), oldestMsn: 20, now: 100 * ORIGIN_LIMITS.retiredKeyMs };
    expect(rotated(ring, pair(20), gone).retired).toHaveLength(1);
  });

  it('ORG-22 at every moment what is listed verifies with what is published, and who asked before a rotation knows the key after it', () => {
    const act = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('segment'), by: fc.nat(5_000) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('rotate'), by: fc.nat(200_000) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('unlist'), by: fc.nat(30) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('wait'), by: fc.nat(7_200_000) }) },
    );
    fc.assert(
      fc.property(fc.array(act, { minLength: 10, maxLength: 80 }), (acts) => {
        let [ring, now, msn, made] = [FRESH, 0, 0, 2];
        let listed: { readonly msn: number; readonly by: string }[] = [];
        const asked: (readonly string[])[] = [];
        const rotations: number[] = [];
        for (const { do: what, by } of acts) {
          now += what === 'unlist' ? 0 : by;
          const place = { nextMsn: msn, oldestMsn: listed[0]?.msn, now };
          if (what === 'segment') {
            listed.push({ msn, by: ring.current.publicKey });
            msn += 1;
            // Whoever has asked since the rotation before the last one.
            for (const keys of asked.slice(rotations.at(-2) ?? 0))
              expect(keys).toContain(ring.current.publicKey);
          } else if (what === 'unlist') listed = listed.slice(by);
          else if (what === 'rotate') {
            const next = rotatedKeys(ring, pair(made), place);
            if (next.ok) {
              ring = next.value;
              made = (made + 1) % 256;
              rotations.push(asked.length);
            }
          }
          const keys = publishedKeys(ring, { nextMsn: msn, oldestMsn: listed[0]?.msn, now });
          const texts = keys.map(({ publicKey }) => publicKey);
          asked.push(texts);
          for (const segment of listed) expect(texts).toContain(segment.by);
          expect(texts.length).toBeLessThanOrEqual(LIMITS.signingKeys);
        }
      }),
    );
  });
});

describe('signing keys as they are written down', () => {
  it('ORG-22 come back as they were', () => {
    const ring = rotated(FRESH, pair(2), { nextMsn: 40, oldestMsn: 30, now: 5 });
    expect(readKeyRing(JSON.parse(JSON.stringify(ring)))).toEqual({ ok: true, value: ring });
  });

  const retired = { publicKey: pair(0).publicKey, untilMsn: 1, retiredAt: 1 };
  it.each([
    null,
    [],
    'text',
    { ...FRESH, current: undefined },
    { ...FRESH, current: { ...pair(0), seed: 'short' } },
    { ...FRESH, next: { publicKey: pair(1).publicKey } },
    { ...FRESH, retired: {} },
    { ...FRESH, retired: [null] },
    { ...FRESH, retired: [{ ...retired, untilMsn: -1 }] },
    { ...FRESH, retired: [{ ...retired, retiredAt: '1' }] },
    { ...FRESH, retired: Array.from({ length: LIMITS.signingKeys - 1 }, () => retired) },
  ])('ORG-22 what is none is refused: %j', (value) => {
    expect(readKeyRing(value).ok).toBe(false);
  });
});
