import { describe, expect, it } from 'vitest';
import { type Actor, isAtLeast, rankOf, RANKS } from '@shoal/server/core';

const roles = { owner: 'ana', moderators: new Set(['mo']) };
const user = (id: string, guest = false): Actor => ({ type: 'user', id, name: id, guest });

describe('ranks', () => {
  it('ACC-1 come from who somebody is and what they are in the channel', () => {
    expect(rankOf({ type: 'anonymous' }, roles)).toBe('anonymous');
    expect(rankOf({ type: 'admin', id: 'root' }, roles)).toBe('admin');
    expect(rankOf(user('vi'), roles)).toBe('viewer');
    expect(rankOf(user('mo'), roles)).toBe('moderator');
    expect(rankOf(user('ana'), roles)).toBe('streamer');
    expect(rankOf(user('ana'), undefined)).toBe('viewer');
    expect(rankOf(user('x'), { owner: undefined, moderators: new Set() })).toBe('viewer');
  });

  it('ACC-1 a guest is a viewer, whatever it calls itself', () => {
    expect(rankOf(user('ana', true), roles)).toBe('viewer');
    expect(rankOf(user('mo', true), roles)).toBe('viewer');
  });

  it('ACC-2 each may do what those before may', () => {
    for (const [i, rank] of RANKS.entries())
      for (const [k, needed] of RANKS.entries()) expect(isAtLeast(rank, needed)).toBe(i >= k);
  });
});
