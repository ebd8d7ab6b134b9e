import { generateKeyPairSync, sign, verify } from 'node:crypto';
import {
  isSignature,
  parseTrackerMessage,
  publicKeyBytes,
  type SegmentInfo,
  segmentStatement,
  signatureBytes,
  toBase64Url,
} from '@shoal/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelId, originSegment, renditionId } from '../../support/builders.ts';

const { info } = originSegment(7, { pieces: 1 });
const uint32 = fc.nat({ max: 0xffff_ffff });
const id = (max: number): fc.Arbitrary<string> =>
  fc.stringMatching(/^[A-Za-z0-9_-]+$/, { maxLength: max }).filter((text) => text.length <= max);
const statements = fc
  .record({
    channel: id(64),
    rendition: id(32),
    epoch: uint32,
    msn: uint32,
    size: uint32,
    durationMs: uint32,
    root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  })
  .map(({ channel, rendition, epoch, msn, root, ...numbers }) => ({
    channel: channelId(channel),
    info: {
      ...{ id: { rendition: renditionId(rendition), epoch, msn }, root: toBase64Url(root) },
      ...numbers,
    } satisfies SegmentInfo,
  }));
type Statement = { readonly channel: ReturnType<typeof channelId>; readonly info: SegmentInfo };

function bytesOf({ channel, info: said }: Statement): string {
  return Buffer.from(segmentStatement(channel, said)).toString('hex');
}

/** The same with another value in one place, or the end of one id moved into the next. */
function changed({ channel, info: said }: Statement): readonly Statement[] {
  const { id: of } = said;
  const whole = channel + of.rendition;
  const other = (number: number): number => (number + 1) % 0x1_0000_0000;
  const moved = whole.split('').flatMap((_, at): readonly Statement[] => {
    const [left, right] = [whole.slice(0, at), whole.slice(at)];
    if (left.length < 1 || left.length > 64 || right.length > 32 || left === channel) return [];
    const rendition = renditionId(right);
    return [{ channel: channelId(left), info: { ...said, id: { ...of, rendition } } }];
  });
  return [
    ...moved,
    { channel, info: { ...said, id: { ...of, epoch: other(of.epoch) } } },
    { channel, info: { ...said, id: { ...of, msn: other(of.msn) } } },
    { channel, info: { ...said, id: { ...of, epoch: of.msn, msn: of.epoch } } },
    { channel, info: { ...said, size: other(said.size) } },
    { channel, info: { ...said, durationMs: other(said.durationMs) } },
    { channel, info: { ...said, size: said.durationMs, durationMs: said.size } },
  ].filter((next) => JSON.stringify(next) !== JSON.stringify({ channel, info: said }));
}

describe('the statement that a key signs', () => {
  it('SEG-14 has these bytes', () => {
    const said = segmentStatement(channelId('demo'), {
      id: { rendition: renditionId('source'), epoch: 1_700_000_000, msn: 7 },
      size: 750_000,
      durationMs: 2_000,
      root: toBase64Url(new Uint8Array(32).fill(0xab)),
    });
    expect(Buffer.from(said).toString('latin1')).toBe(
      [
        'shoal:segment:1\0',
        '\x04demo\x06source',
        '\x65\x53\xf1\x00\x00\x00\x00\x07\x00\x0b\x71\xb0\x00\x00\x07\xd0',
        '\xab'.repeat(32),
      ].join(''),
    );
  });

  it('SEG-14 no two different statements have the same bytes', () => {
    fc.assert(
      fc.property(statements, statements, (one, two) => {
        expect(bytesOf(one) === bytesOf(two)).toBe(JSON.stringify(one) === JSON.stringify(two));
        for (const other of changed(one)) expect(bytesOf(other)).not.toBe(bytesOf(one));
      }),
    );
  });

  it('SEG-14 can be read back: the bytes alone say what was signed', () => {
    fc.assert(
      fc.property(statements, (statement) => {
        const bytes = Buffer.from(segmentStatement(statement.channel, statement.info));
        let at = 'shoal:segment:1\0'.length;
        const text = (): string => {
          const length = bytes.readUInt8(at);
          at += 1 + length;
          return bytes.toString('latin1', at - length, at);
        };
        const number = (): number => bytes.readUInt32BE((at += 4) - 4);
        const [channel, rendition] = [text(), text()];
        const [epoch, msn, size, durationMs] = [number(), number(), number(), number()];
        const root = toBase64Url(bytes.subarray(at));
        expect({
          channel,
          info: { id: { rendition, epoch, msn }, size, durationMs, root },
        }).toEqual(statement);
      }),
    );
  });

  it('SEG-14 says nothing of a signature, and one of node verifies', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const statement = segmentStatement(channelId(), info);
    const signature = toBase64Url(sign(null, statement, privateKey));
    expect(isSignature(signature)).toBe(true);
    expect(segmentStatement(channelId(), { ...info, signature })).toEqual(statement);
    expect(verify(null, statement, publicKey, signatureBytes(signature))).toBe(true);
  });
});

describe('keys and signatures as text', () => {
  it.each([
    undefined,
    null,
    7,
    '',
    'A'.repeat(42),
    'A'.repeat(44),
    `${'A'.repeat(42)}B`,
    'A'.repeat(42) + '+',
  ])('SEG-14 %j is no public key', (value) => {
    expect(publicKeyBytes(value)).toBeUndefined();
  });

  it('SEG-14 32 bytes as base64url are a public key', () => {
    expect(publicKeyBytes('A'.repeat(43))).toEqual(new Uint8Array(32));
  });

  it('SEG-15 a tracker message carries the signature of its segment, and is refused with a malformed one', () => {
    const message = { action: 'segment', viewers: 3, duties: [] };
    const signed = { ...info, signature: 'A'.repeat(86) };
    expect(parseTrackerMessage({ ...message, segment: signed })).toEqual({
      ok: true,
      value: { ...message, segment: signed },
    });
    for (const signature of [null, 7, '', 'A'.repeat(85), `${'A'.repeat(85)}B`, ['A'.repeat(86)]])
      expect(parseTrackerMessage({ ...message, segment: { ...info, signature } }).ok).toBe(false);
  });
});
