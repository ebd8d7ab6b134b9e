import { type FeedAudience } from '@shoal/protocol';
import { type Broadcast, type BroadcastState, isUnderWay, type StreamChange } from './lifecycle.ts';

/** What is known of a channel's stream. */
export type ChannelStream = {
  readonly state: StreamChange;
  /** Whether nobody may publish until a broadcast is ready, since one was taken down (BRD-8). */
  readonly barred: boolean;
};

/** What comes of a change of a stream. */
export type StreamStep<B> =
  /** This broadcast goes where the rules have it ({@link follow}). */
  | { readonly type: 'follow'; readonly broadcast: B }
  /** The channel has none for it: one is made, and goes live. */
  | { readonly type: 'make' }
  /** Who publishes may not. */
  | { readonly type: 'drop' }
  | { readonly type: 'nothing' };

/**
 * What comes of a change of a channel's stream: what is under way follows it, else the first that is ready and starts by itself. Where none
 * is ready a stream makes one, so that an encoder is all that it takes (BRD-5); one that only comes back makes none, since what it
 * belonged to was ended meanwhile. `ready` is in the order in which they are to be.
 */
export function streamStep<B extends Broadcast>(
  before: ChannelStream,
  change: StreamChange,
  { underWay, ready }: { readonly underWay: B | undefined; readonly ready: readonly B[] },
): StreamStep<B> {
  if (change === 'online' && before.barred) return { type: 'drop' };
  if (underWay !== undefined) return { type: 'follow', broadcast: underWay };
  if (change !== 'online') return { type: 'nothing' };
  const next = ready.find(({ autoStart }) => autoStart);
  if (next !== undefined) return { type: 'follow', broadcast: next };
  return ready.length === 0 && before.state === 'offline' ? { type: 'make' } : { type: 'nothing' };
}

/** What viewers are told of a stream: what its broadcast says, so that they hear nothing of one that is tested, or of none (BRD-6). */
export function shownStream(underWay: BroadcastState | undefined): StreamChange {
  if (underWay === 'live') return 'online';
  return underWay === 'interrupted' ? 'interrupted' : 'offline';
}

/** Whom a transition is for: what never was live is the streamer's alone. */
export function audienceOf(after: Pick<Broadcast, 'state' | 'startedAt'>): FeedAudience {
  return isPublic(after) ? 'viewers' : 'streamer';
}

/** Whether viewers may know of a broadcast. */
export function isPublic({ state, startedAt }: Pick<Broadcast, 'state' | 'startedAt'>): boolean {
  return startedAt !== undefined && state !== 'created' && state !== 'ready' && state !== 'testing';
}

/** Whether a broadcast that is taken down has a publisher, who then may not come back. */
export function barsChannel(from: BroadcastState, to: BroadcastState): boolean {
  return to === 'revoked' && isUnderWay(from);
}
