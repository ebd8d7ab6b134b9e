import { isAtLeast, type Rank, RANKS } from '../access/rank.ts';

/** Somebody of a channel, by id and rank. */
export type Ranked = { readonly id: string; readonly rank: Rank };

/**
 * Why somebody may not ban or silence another (CHT-10); undefined when they may. Nobody does it to themselves, nor to somebody of their
 * own rank or above; a streamer cannot be banned from the own channel by anybody, since it would have no effect.
 */
export function whyNoBan(by: Ranked, of: Ranked): string | undefined {
  if (by.id === of.id) return 'nobody can ban themselves';
  if (isAtLeast(of.rank, 'streamer')) return 'neither the streamer nor an operator can be banned';
  if (RANKS.indexOf(by.rank) <= RANKS.indexOf(of.rank))
    return 'only somebody of a higher rank can ban them';
  return undefined;
}
