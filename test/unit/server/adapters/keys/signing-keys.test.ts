import { createPublicKey, verify } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OriginError } from '@shoal/server';
import {
  type SigningKey,
  SigningKeys,
} from '../../../../../server/src/adapters/keys/signing-keys.ts';
import { channelId } from '../../../../support/builders.ts';

const [DEMO, OTHER] = [channelId('demo'), channelId('other')];
const STATEMENT = Buffer.from('a statement');
let folder = '';
let now = 0;
let msn = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-signing-'));
  [now, msn] = [1_700_000_000_000, 0];
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function open(...channels: readonly (typeof DEMO)[]): SigningKeys {
  const place = (): { nextMsn: number; oldestMsn: number; now: number } => ({
    ...{ nextMsn: msn, oldestMsn: 0, now },
  });
  return new SigningKeys(folder, channels.length > 0 ? channels : [DEMO], place);
}

function path(): string {
  return join(folder, 'signing-keys.json');
}

/** Which of the published keys verify it. */
function verifiers(keys: readonly SigningKey[], signature: Uint8Array): readonly string[] {
  return keys.flatMap(({ publicKey, state }) => {
    const key = { kty: 'OKP', crv: 'Ed25519', x: publicKey };
    const fits = verify(null, STATEMENT, createPublicKey({ key, format: 'jwk' }), signature);
    return fits ? [state] : [];
  });
}

function refusal(work: () => unknown): { readonly code: string; readonly message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof OriginError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('the file of signing keys', () => {
  it('ORG-22 each channel gets a key of its own, which signs what its published key verifies', () => {
    const keys = open(DEMO, OTHER);
    const signature = keys.sign(DEMO, STATEMENT);
    expect(signature).toHaveLength(64);
    expect(verifiers(keys.published(DEMO), signature)).toEqual(['current']);
    expect(verifiers(keys.published(OTHER), signature)).toEqual([]);
    expect(() => keys.sign(channelId('none'), STATEMENT)).toThrow(RangeError);
    expect(() => keys.published(channelId('none'))).toThrow(RangeError);
    expect(() => keys.rotate(channelId('none'), { leaked: false })).toThrow(RangeError);
  });

  it('ORG-22 keys outlive a restart, those of channels that are not there now too', () => {
    const before = open(DEMO, OTHER);
    const [demo, other] = [before.published(DEMO), before.published(OTHER)];
    expect(open(DEMO).published(DEMO)).toEqual(demo);
    expect(open(OTHER).published(OTHER)).toEqual(other);
    expect(() => open(DEMO).published(OTHER)).toThrow(RangeError);
  });

  it('ORG-22 only its owner may read the file, also where it could be read before', () => {
    open();
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    chmodSync(path(), 0o644);
    const keys = open();
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    keys.rotate(DEMO, { leaked: false });
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['signing-keys.json']);
  });

  it('ORG-22 a rotation takes effect at once, and is in the file', () => {
    const keys = open();
    const old = keys.sign(DEMO, STATEMENT);
    const [, next] = keys.published(DEMO);
    msn = 7;
    const published = keys.rotate(DEMO, { leaked: false });
    expect(published.map(({ state }) => state)).toEqual(['current', 'next', 'retired']);
    expect(published[0]?.publicKey).toBe(next?.publicKey);
    expect(published[0]?.id).toBe(next?.id);
    expect(verifiers(published, old)).toEqual(['retired']);
    expect(verifiers(published, keys.sign(DEMO, STATEMENT))).toEqual(['current']);
    const again = open();
    expect(again.published(DEMO)).toEqual(published);
    expect(verifiers(published, again.sign(DEMO, STATEMENT))).toEqual(['current']);
    expect(refusal(() => again.rotate(DEMO, { leaked: false })).code).toBe('signing-keys');
    now += 60_000;
    expect(again.rotate(DEMO, { leaked: false })).toHaveLength(4);
  });

  it('ORG-22 after a leak nothing is published that was in the file before', () => {
    const keys = open();
    const before = keys.rotate(DEMO, { leaked: false });
    const after = keys.rotate(DEMO, { leaked: true });
    expect(after.map(({ state }) => state)).toEqual(['current', 'next']);
    for (const { publicKey } of before)
      expect(readFileSync(path(), 'utf8')).not.toContain(publicKey);
    expect(verifiers(after, keys.sign(DEMO, STATEMENT))).toEqual(['current']);
  });

  it('ORG-22 the private half of a key that has been rotated is gone', () => {
    const keys = open();
    const seed = seedsIn(readFileSync(path(), 'utf8'))[0] ?? '';
    expect(seed).toHaveLength(43);
    keys.rotate(DEMO, { leaked: false });
    expect(readFileSync(path(), 'utf8')).not.toContain(seed);
  });

  it('ORG-22 a rotation that cannot be written changes nothing', () => {
    const keys = open();
    const before = keys.published(DEMO);
    mkdirSync(`${path()}.new`);
    expect(refusal(() => keys.rotate(DEMO, { leaked: false })).code).toBe('data-dir');
    expect(keys.published(DEMO)).toEqual(before);
    expect(verifiers(before, keys.sign(DEMO, STATEMENT))).toEqual(['current']);
  });

  it('ORG-22 a damaged file is refused in words that tell no secret, and left as it is', () => {
    open();
    const good = readFileSync(path(), 'utf8');
    const [seed = '', other = ''] = seedsIn(good);
    for (const text of [
      '',
      '[]',
      'null',
      good.slice(0, 100),
      good.replace(seed, 'x'),
      good.replace(seed, other),
      good.replace('"retired": []', '"retired": 1'),
    ]) {
      writeFileSync(path(), text);
      const { code, message } = refusal(() => open());
      expect(code).toBe('data-dir');
      expect(message).toContain(path());
      expect(message).not.toContain(other);
      expect(message).not.toContain(seed.slice(0, 12));
      expect(readFileSync(path(), 'utf8')).toBe(text);
    }
  });
});

function seedsIn(text: string): readonly string[] {
  return [...text.matchAll(/"seed": "([^"]*)"/g)].map(([, seed = '']) => seed);
}
