import { describe, expect, it } from 'vitest';
import { readIdentity, readName } from '@shoal/demo/viewer/guest';

const kept = { id: 'guest-1', name: 'Bob', token: 't', expiresAt: 200_000 };

describe('what a page remembers of a guest', () => {
  it('is the name, and the token as long as it holds', () => {
    const text = JSON.stringify(kept);
    expect(readIdentity(text, 0)).toEqual(kept);
    // It may be used for a moment still.
    expect(readIdentity(text, 140_001)).toBeUndefined();
    expect(readName(text)).toBe('Bob');
  });

  it.each([null, '', '{', '[]', '5', '{"name":7}', '{"name":"Bob"}'])('may be %s', (text) => {
    expect(readIdentity(text, 0)).toBeUndefined();
    expect(['', 'Bob']).toContain(readName(text));
  });
});
