import fc from 'fast-check';
import { parseChannelId, unwrap } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { ENGINES, formatPageQuery, parsePageQuery } from '@shoal/demo/shared-ui/page-query';

describe('the query of the watch page', () => {
  it('has defaults for everything', () => {
    expect(parsePageQuery('')).toEqual({ channel: undefined, engine: 'shoal', p2p: true });
  });

  it('takes what cannot be read as absent', () => {
    expect(parsePageQuery('?engine=quick&p2p=maybe&channel=a/b')).toEqual(parsePageQuery(''));
  });

  it('leaves defaults out of the URL', () => {
    expect(formatPageQuery({ channel: undefined, engine: 'shoal', p2p: true })).toBe('');
  });

  it('reads back what it wrote', () => {
    const query = fc.record({
      channel: fc.option(
        fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/).map((text) => unwrap(parseChannelId(text))),
        { nil: undefined },
      ),
      engine: fc.constantFrom(...ENGINES),
      p2p: fc.boolean(),
    });
    fc.assert(
      fc.property(query, (value) => {
        expect(parsePageQuery(formatPageQuery(value))).toEqual(value);
      }),
    );
  });
});
