import { err, ok, type Result } from '@shoal/protocol';

/** Milliseconds since the Unix epoch. */
type Millis = number;

/**
 * Where a broadcast stands (BRD-1). `created` is a draft; `ready` is what the next stream of the channel carries; `testing` has a stream
 * that viewers are not told of; `complete` is over; `archived` is over and kept; `revoked` was taken down.
 */
export const BROADCAST_STATES = [
  'created',
  'ready',
  'testing',
  'live',
  'interrupted',
  'complete',
  'archived',
  'revoked',
] as const;

/** One of {@link BROADCAST_STATES}. */
export type BroadcastState = (typeof BROADCAST_STATES)[number];

/** States that the API may ask for; `interrupted` comes about by itself. */
export const REQUESTED_STATES = [
  'ready',
  'testing',
  'live',
  'complete',
  'archived',
  'revoked',
] as const;

/** One of {@link REQUESTED_STATES}. */
export type RequestedState = (typeof REQUESTED_STATES)[number];

/** What of a broadcast decides where it goes. Times are those of its first and last moment live. */
export type Broadcast = {
  readonly state: BroadcastState;
  /** Goes live with the stream, without being asked. */
  readonly autoStart: boolean;
  /** Is complete when the stream is over, without being asked. */
  readonly autoStop: boolean;
  readonly startedAt: Millis | undefined;
  readonly endedAt: Millis | undefined;
};

/** What happens to the stream of a channel. */
export type StreamChange = 'online' | 'interrupted' | 'offline';

/** Why a state cannot be reached now; the words are for the streamer. */
export type IllegalMove = {
  readonly from: BroadcastState;
  readonly to: RequestedState;
  readonly reason: string;
};

/** From which states the API may ask for one, and whether the stream must be there. */
const MOVES: Readonly<
  Record<
    RequestedState,
    { readonly from: readonly BroadcastState[]; readonly needsStream: boolean }
  >
> = {
  ready: { from: ['created', 'testing'], needsStream: false },
  testing: { from: ['ready'], needsStream: true },
  live: { from: ['ready', 'testing', 'interrupted'], needsStream: true },
  complete: { from: ['live', 'interrupted'], needsStream: false },
  archived: { from: ['complete'], needsStream: false },
  revoked: {
    from: ['created', 'ready', 'testing', 'live', 'interrupted', 'complete', 'archived'],
    needsStream: false,
  },
};

/** Whether it occupies its channel: at most one broadcast of a channel is in such a state. */
export function isUnderWay(state: BroadcastState): boolean {
  return state === 'testing' || state === 'live' || state === 'interrupted';
}

/** Moves a broadcast as the API asks (BRD-2); the same state again is no error and changes nothing. */
export function request(
  broadcast: Broadcast,
  to: RequestedState,
  at: { readonly streamOnline: boolean; readonly now: Millis },
): Result<Broadcast, IllegalMove> {
  const from = broadcast.state;
  if (from === to) return ok(broadcast);
  const { from: allowed, needsStream } = MOVES[to];
  if (!allowed.includes(from))
    return err({ from, to, reason: `a broadcast that is ${from} cannot become ${to}` });
  if (needsStream && !at.streamOnline)
    return err({ from, to, reason: `nobody publishes to the channel, so it cannot become ${to}` });
  return ok(enter(broadcast, to, at.now));
}

/** What becomes of a broadcast when the stream of its channel changes (BRD-3). */
export function follow(broadcast: Broadcast, change: StreamChange, now: Millis): Broadcast {
  const next = following(broadcast, change);
  return next === broadcast.state ? broadcast : enter(broadcast, next, now);
}

function following(
  { state, autoStart, autoStop }: Broadcast,
  change: StreamChange,
): BroadcastState {
  switch (change) {
    case 'online':
      if (state === 'interrupted') return 'live';
      return state === 'ready' && autoStart ? 'live' : state;
    case 'interrupted':
      return state === 'live' ? 'interrupted' : state;
    case 'offline':
      if (state === 'testing') return 'ready';
      if (state === 'live' || state === 'interrupted') return autoStop ? 'complete' : 'interrupted';
      return state;
  }
}

function enter(broadcast: Broadcast, state: BroadcastState, now: Millis): Broadcast {
  const begins = state === 'live' && broadcast.startedAt === undefined;
  const ends = isUnderWay(broadcast.state) && (state === 'complete' || state === 'revoked');
  return {
    ...broadcast,
    state,
    ...(begins && { startedAt: now }),
    ...(ends && { endedAt: now }),
  };
}
