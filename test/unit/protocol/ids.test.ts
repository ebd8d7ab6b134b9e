import { parseChannelId, parsePeerId, parseRenditionId } from '@shoal/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const PARSERS = [
  ['a channel', parseChannelId, 64],
  ['a rendition', parseRenditionId, 32],
  ['a peer', parsePeerId, 20],
] as const;

describe.each(PARSERS)('the id of %s', (_, parse, longest) => {
  it('SEG-1 is taken as it is, from one character to the longest', () => {
    fc.assert(
      fc.property(fc.stringMatching(new RegExp(`^[A-Za-z0-9_-]{1,${longest}}$`)), (id) => {
        expect(parse(id)).toEqual({ ok: true, value: id });
      }),
    );
    expect(parse('x'.repeat(longest)).ok).toBe(true);
  });

  it('SEG-1 is refused when empty, too long, or of other characters', () => {
    const refused = [
      '',
      'x'.repeat(longest + 1),
      'a/b',
      '..',
      'a.b',
      'a b',
      'a\n',
      'ä',
      'a%2Fb',
      'a\0',
    ];
    for (const id of refused) expect(parse(id).ok).toBe(false);
  });

  it('is refused when it is not text', () => {
    for (const value of [undefined, null, 7, true, {}, ['abc'], Object('abc')])
      expect(parse(value).ok).toBe(false);
  });
});
