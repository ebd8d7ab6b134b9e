/** What somebody may do in a channel, from least to most. Each may do what those before may. */
export const RANKS = ['anonymous', 'viewer', 'moderator', 'streamer', 'admin'] as const;

/** One of {@link RANKS}. */
export type Rank = (typeof RANKS)[number];

/** Who makes a request, as the token of its connection says; never as its body says. */
export type Actor =
  | { readonly type: 'anonymous' }
  | {
      readonly type: 'user';
      /** 1–64 characters of `A–Z a–z 0–9 _ -`; the operator's site chooses those of accounts. */
      readonly id: string;
      /** What others see. */
      readonly name: string;
      /** Whether anybody can become such a one, without an account. */
      readonly guest: boolean;
    }
  | { readonly type: 'admin'; readonly id: string };

/** Who has which role in a channel. */
export type ChannelRoles = {
  /** Undefined for a channel of the operator. */
  readonly owner: string | undefined;
  readonly moderators: ReadonlySet<string>;
};

/** The rank of somebody in a channel; without one, that of everybody who is known. */
export function rankOf(actor: Actor, roles: ChannelRoles | undefined): Rank {
  if (actor.type !== 'user') return actor.type;
  if (actor.guest || roles === undefined) return 'viewer';
  if (roles.owner === actor.id) return 'streamer';
  return roles.moderators.has(actor.id) ? 'moderator' : 'viewer';
}

/** Whether the rank is at least the one that is needed. */
export function isAtLeast(rank: Rank, needed: Rank): boolean {
  return RANKS.indexOf(rank) >= RANKS.indexOf(needed);
}
