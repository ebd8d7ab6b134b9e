import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Broadcast,
  BROADCAST_STATES,
  type BroadcastState,
  follow,
  isUnderWay,
  request,
  REQUESTED_STATES,
  type RequestedState,
} from '@shoal/server/core';

const NOW = 1_000;

function broadcast(state: BroadcastState, choices: Partial<Broadcast> = {}): Broadcast {
  const times = { startedAt: undefined, endedAt: undefined };
  return { state, autoStart: true, autoStop: true, ...times, ...choices };
}

/** Where a broadcast gets when the API asks; undefined when it is refused. */
function asked(
  from: BroadcastState,
  to: RequestedState,
  streamOnline = true,
): BroadcastState | undefined {
  const moved = request(broadcast(from), to, { streamOnline, now: NOW });
  return moved.ok ? moved.value.state : undefined;
}

/** Every state that may be asked for, from each. */
const MOVES: Readonly<Record<BroadcastState, readonly RequestedState[]>> = {
  created: ['ready', 'revoked'],
  ready: ['testing', 'live', 'revoked'],
  testing: ['ready', 'live', 'revoked'],
  live: ['complete', 'revoked'],
  interrupted: ['live', 'complete', 'revoked'],
  complete: ['archived', 'revoked'],
  archived: ['revoked'],
  revoked: [],
};

describe('the life of a broadcast', () => {
  it.each(BROADCAST_STATES.flatMap((from) => REQUESTED_STATES.map((to) => [from, to] as const)))(
    'BRD-2 from %s to %s',
    (from, to) => {
      const legal = from === to || MOVES[from].includes(to);
      expect(asked(from, to)).toBe(legal ? to : undefined);
    },
  );

  it('BRD-2 needs a stream to be tested or to go live, and says so', () => {
    expect(asked('ready', 'testing', false)).toBeUndefined();
    expect(asked('ready', 'complete')).toBeUndefined();
    const moved = request(broadcast('ready'), 'live', { streamOnline: false, now: NOW });
    expect(moved).toMatchObject({ ok: false, error: { from: 'ready', to: 'live' } });
    expect(moved.ok ? '' : moved.error.reason).toMatch(/nobody publishes/);
    expect(asked('live', 'complete', false)).toBe('complete');
  });

  it('BRD-3 goes live with the stream, waits for it, and is complete when it is over', () => {
    const live = follow(broadcast('ready'), 'online', 10);
    expect(live).toMatchObject({ state: 'live', startedAt: 10, endedAt: undefined });
    const waits = follow(live, 'interrupted', 20);
    expect(waits.state).toBe('interrupted');
    expect(follow(waits, 'online', 30)).toMatchObject({ state: 'live', startedAt: 10 });
    expect(follow(waits, 'offline', 40)).toMatchObject({ state: 'complete', endedAt: 40 });
  });

  it('BRD-3 does none of that by itself where it is not to', () => {
    const by = { autoStart: false, autoStop: false };
    expect(follow(broadcast('ready', by), 'online', 10).state).toBe('ready');
    expect(follow(broadcast('live', by), 'offline', 10).state).toBe('interrupted');
    // A test is over with its stream.
    expect(follow(broadcast('testing', by), 'offline', 10).state).toBe('ready');
  });

  it('BRD-1 begins once, ends once, and is never under way again after its end', () => {
    const step = fc.oneof(
      fc.constantFrom('online' as const, 'interrupted' as const, 'offline' as const),
      fc.constantFrom(...REQUESTED_STATES),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.boolean(),
        fc.boolean(),
        (steps, autoStart, autoStop) => {
          let current = broadcast('created', { autoStart, autoStop });
          let [over, now] = [false, 0];
          for (const one of steps) {
            now += 1;
            const before = current;
            if (one === 'online' || one === 'interrupted' || one === 'offline')
              current = follow(current, one, now);
            else {
              const moved = request(current, one, { streamOnline: true, now });
              if (moved.ok) current = moved.value;
            }
            over ||= current.endedAt !== undefined;
            if (over) expect(isUnderWay(current.state)).toBe(false);
            if (before.startedAt !== undefined) expect(current.startedAt).toBe(before.startedAt);
            if (before.endedAt !== undefined) expect(current.endedAt).toBe(before.endedAt);
          }
        },
      ),
    );
  });
});
