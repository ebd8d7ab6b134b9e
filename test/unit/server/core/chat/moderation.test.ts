import { describe, expect, it } from 'vitest';
import { type Rank, RANKS, whyNoBan } from '@shoal/server/core';

const may = (by: Rank, of: Rank): boolean =>
  whyNoBan({ id: 'by', rank: by }, { id: 'of', rank: of }) === undefined;

describe('bans', () => {
  it('CHT-10 go down the ranks alone', () => {
    const allowed = RANKS.flatMap((by) =>
      RANKS.filter((of) => may(by, of)).map((of) => `${by} > ${of}`),
    );
    expect(allowed.filter((pair) => !pair.includes('anonymous'))).toEqual([
      'moderator > viewer',
      'streamer > viewer',
      'streamer > moderator',
      'admin > viewer',
      'admin > moderator',
    ]);
  });

  it('CHT-10 nobody bans themselves', () => {
    const me = { id: 'me', rank: 'streamer' } as const;
    expect(whyNoBan(me, { id: 'me', rank: 'viewer' })).toContain('themselves');
  });
});
