import { fromBase64Url, toBase64Url } from '@shoal/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('base64url', () => {
  it('writes what Buffer writes, and reads it back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const text = toBase64Url(bytes);
        expect(text).toBe(Buffer.from(bytes).toString('base64url'));
        expect(fromBase64Url(text, bytes.length)).toEqual({ ok: true, value: bytes });
      }),
    );
  });

  it('has one text for each byte string: whatever is read is written the same', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{43}$/), (text) => {
        const read = fromBase64Url(text, 32);
        if (read.ok) expect(toBase64Url(read.value)).toBe(text);
      }),
    );
  });

  it.each(['AB', 'A_', 'AAB', 'AA-'])('refuses %s, whose last bits are left over', (text) => {
    expect(fromBase64Url(text, text.length - 1).ok).toBe(false);
  });

  it('refuses every other alphabet, padding, and every other length', () => {
    for (const text of ['AA==', 'A+AA', 'A/AA', 'A AA', 'AÄAA', 'A😀A'])
      expect(fromBase64Url(text, 3).ok).toBe(false);
    for (const text of ['', 'A', 'AAA', 'AAAAA']) expect(fromBase64Url(text, 3).ok).toBe(false);
    expect(fromBase64Url('', 0)).toEqual({ ok: true, value: new Uint8Array(0) });
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(64), (text, length) => {
        const read = fromBase64Url(text, length);
        expect(read.ok ? read.value.length : length).toBe(length);
      }),
    );
  });
});
