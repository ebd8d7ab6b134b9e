import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Lifecycle,
  type LifecycleEffect,
  type LifecycleInput,
  type LifecycleOptions,
} from '@shoal/server/core';

const T0 = 1_700_000_000_000;
const EPOCH = 1_700_000_000;

function lifecycle(choices: Partial<LifecycleOptions> = {}): Lifecycle {
  const fixed = {
    interruptedMs: 30_000,
    closeAfterMs: 300_000,
    lastEpoch: 0,
    watchdogMs: () => 6_000,
  };
  return new Lifecycle({ ...fixed, ...choices }, T0);
}

/** A channel that is live with session 1. */
function live(): Lifecycle {
  const one = lifecycle();
  one.step({ type: 'publish', session: 1 }, T0);
  one.step({ type: 'media' }, T0 + 10);
  one.step({ type: 'segment', epoch: EPOCH }, T0 + 2_000);
  return one;
}

/** A channel whose broadcast ended at T0 + 39 s. */
function ended(): Lifecycle {
  const one = live();
  one.step({ type: 'unpublish', session: 1 }, T0 + 9_000);
  one.step({ type: 'tick' }, T0 + 39_000);
  return one;
}

const types = (effects: readonly LifecycleEffect[]): readonly string[] =>
  effects.map(({ type }) => type);

describe('the lifecycle of a channel', () => {
  it('ORG-8 idle → starting → live → interrupted → ended', () => {
    const one = lifecycle();
    expect(one.state.state).toBe('idle');
    expect(one.step({ type: 'publish', session: 1 }, T0)).toEqual([
      { type: 'broadcast-begins' },
      { type: 'start-encoder', epoch: EPOCH },
      { type: 'online' },
    ]);
    expect(one.state.state).toBe('starting');
    one.step({ type: 'segment', epoch: EPOCH }, T0 + 2_000);
    expect(one.state).toMatchObject({ state: 'live', since: T0 + 2_000 });
    expect(one.step({ type: 'unpublish', session: 1 }, T0 + 9_000)).toEqual([
      { type: 'finish-encoder', epoch: EPOCH },
      { type: 'interrupted' },
    ]);
    expect(one.deadline()).toBe(T0 + 39_000);
    expect(one.step({ type: 'tick' }, T0 + 38_999)).toEqual([]);
    expect(one.step({ type: 'tick' }, T0 + 39_000)).toEqual([{ type: 'offline' }]);
    expect(one.state.state).toBe('ended');
  });

  it('ORG-8 an ended broadcast closes its playlist five minutes later', () => {
    const one = ended();
    expect(one.open).toBe(true);
    expect(one.deadline()).toBe(T0 + 339_000);
    expect(one.step({ type: 'tick' }, T0 + 338_999)).toEqual([]);
    expect(one.step({ type: 'tick' }, T0 + 339_000)).toEqual([{ type: 'close-playlists' }]);
    expect(one.state).toEqual({ state: 'ended', since: T0 + 39_000, closesAt: undefined });
    expect(one.open).toBe(false);
    expect(one.deadline()).toBeUndefined();
    expect(types(one.step({ type: 'publish', session: 2 }, T0 + 400_000))).toEqual([
      'broadcast-begins',
      'start-encoder',
      'online',
    ]);
  });

  it('ORG-8 a publisher that is back before the playlist is closed goes on in it', () => {
    const one = ended();
    expect(types(one.step({ type: 'publish', session: 2 }, T0 + 50_000))).toEqual([
      'start-encoder',
      'online',
    ]);
  });

  it('ORG-8 a publisher that is back in time continues the broadcast in a new epoch', () => {
    const one = live();
    one.step({ type: 'unpublish', session: 1 }, T0 + 9_000);
    const effects = one.step({ type: 'publish', session: 2 }, T0 + 20_000);
    expect(effects).toEqual([{ type: 'start-encoder', epoch: EPOCH + 20 }, { type: 'online' }]);
  });

  it('ORG-8 a second publisher with the key replaces the first without an interruption', () => {
    const one = live();
    expect(one.step({ type: 'publish', session: 2 }, T0 + 5_000)).toEqual([
      { type: 'drop-publisher', session: 1, reason: 'replaced' },
      { type: 'finish-encoder', epoch: EPOCH },
      { type: 'start-encoder', epoch: EPOCH + 5 },
    ]);
    expect(one.state).toMatchObject({ state: 'live', session: 2 });
    expect(one.step({ type: 'unpublish', session: 1 }, T0 + 5_001)).toEqual([]);
  });

  it('SEG-2 epochs grow even when the clock does not', () => {
    const one = lifecycle({ lastEpoch: EPOCH + 100 });
    const [, start] = one.step({ type: 'publish', session: 1 }, T0);
    expect(start).toEqual({ type: 'start-encoder', epoch: EPOCH + 101 });
    const again = one.step({ type: 'publish', session: 2 }, T0);
    expect(again.at(-1)).toEqual({ type: 'start-encoder', epoch: EPOCH + 102 });
  });

  it('ORG-9 an encoder that dies is started again, later each time, and soon after a segment', () => {
    const one = live();
    let now = T0 + 3_000;
    const delays: number[] = [];
    for (let epoch = EPOCH; delays.length < 9;) {
      one.step({ type: 'encoder-exit', epoch }, now);
      const due = one.deadline() ?? NaN;
      delays.push(due - now);
      now = due;
      const [start] = one.step({ type: 'tick' }, now);
      if (start?.type !== 'start-encoder') throw new Error('not started');
      ({ epoch } = start);
    }
    expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 8000, 8000]);
    const epoch = one.lastEpoch;
    one.step({ type: 'segment', epoch }, now);
    one.step({ type: 'encoder-exit', epoch }, now);
    expect(one.deadline()).toBe(now + 100);
  });

  it('ORG-9 an encoder that hangs while its publisher is paused for its sake is killed too', () => {
    const one = live();
    one.step({ type: 'held', held: true }, T0 + 2_500);
    expect(one.deadline()).toBe(T0 + 8_500);
    // What it gave was of before; what waits for it still waits.
    one.step({ type: 'segment', epoch: EPOCH }, T0 + 3_000);
    expect(one.deadline()).toBe(T0 + 9_000);
    one.step({ type: 'held', held: false }, T0 + 3_500);
    one.step({ type: 'segment', epoch: EPOCH }, T0 + 4_000);
    expect(one.deadline()).toBeUndefined();
    one.step({ type: 'held', held: true }, T0 + 5_000);
    expect(types(one.step({ type: 'tick' }, T0 + 11_000))).toEqual(['kill-encoder']);
  });

  it('ORG-9 an encoder that takes media for three target durations and gives nothing is killed', () => {
    const one = live();
    expect(one.deadline()).toBeUndefined();
    one.step({ type: 'media' }, T0 + 2_500);
    one.step({ type: 'media' }, T0 + 5_000);
    expect(one.deadline()).toBe(T0 + 8_500);
    expect(one.step({ type: 'tick' }, T0 + 8_500)).toEqual([
      { type: 'kill-encoder', epoch: EPOCH },
    ]);
    expect(one.step({ type: 'encoder-exit', epoch: EPOCH }, T0 + 8_510)).toEqual([]);
    expect(types(one.step({ type: 'tick' }, T0 + 8_600))).toEqual(['start-encoder']);
  });

  it('without media there is nothing to expect of an encoder', () => {
    const one = live();
    expect(one.deadline()).toBeUndefined();
    expect(one.step({ type: 'tick' }, T0 + 1e9)).toEqual([]);
  });

  it('a broadcast that was open at a restart waits for its publisher', () => {
    const one = lifecycle({ resumesAt: T0 });
    expect(one.state).toMatchObject({ state: 'interrupted', until: T0 + 30_000 });
    expect(types(one.step({ type: 'publish', session: 1 }, T0 + 1))).toEqual([
      'start-encoder',
      'online',
    ]);
  });

  it('segments and exits of other epochs change nothing', () => {
    const one = live();
    const before = one.state;
    expect(one.step({ type: 'segment', epoch: 5 }, T0 + 3_000)).toEqual([]);
    expect(one.step({ type: 'encoder-exit', epoch: 5 }, T0 + 3_000)).toEqual([]);
    expect(one.step({ type: 'replace-encoder', epoch: 5 }, T0 + 3_000)).toEqual([]);
    expect(one.state).toBe(before);
  });

  it('whatever happens: epochs grow, one encoder is fed at a time, and events follow the state', () => {
    const input = fc.oneof(
      fc.record({ type: fc.constant('publish' as const), session: fc.integer({ min: 1, max: 4 }) }),
      fc.record({
        type: fc.constant('unpublish' as const),
        session: fc.integer({ min: 1, max: 4 }),
      }),
      fc.constantFrom(
        ...(['media', 'tick', 'segment', 'encoder-exit', 'replace-encoder'] as const),
      ),
    );
    const steps = fc.array(fc.tuple(input, fc.nat({ max: 40_000 })), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (list) => {
        const one = lifecycle();
        let now = T0;
        let running: number | undefined;
        let newest = 0;
        for (const [what, later] of list) {
          now += later;
          const before = one.state.state;
          const effects = one.step(complete(what, running ?? 0), now);
          for (const effect of effects) {
            if (effect.type === 'start-encoder') {
              expect(running).toBeUndefined();
              expect(effect.epoch).toBeGreaterThan(newest);
              newest = running = effect.epoch;
            } else if (effect.type === 'finish-encoder' || effect.type === 'kill-encoder') {
              expect(effect.epoch).toBe(running);
              running = undefined;
            }
          }
          if (what === 'encoder-exit') running = undefined;
          const active = (state: string): boolean => state === 'starting' || state === 'live';
          const said = types(effects);
          expect(said.includes('online')).toBe(!active(before) && active(one.state.state));
          expect(said.includes('interrupted')).toBe(
            active(before) && one.state.state === 'interrupted',
          );
          const after: string = one.state.state;
          expect(said.includes('offline')).toBe(before !== 'ended' && after === 'ended');
        }
      }),
    );
  });
});

type Shorthand =
  | Extract<LifecycleInput, { readonly session: number } | { readonly held: boolean }>
  | Exclude<LifecycleInput['type'], 'publish' | 'unpublish' | 'held'>;

function complete(what: Shorthand, epoch: number): LifecycleInput {
  if (typeof what === 'object') return what;
  const bare = what === 'media' || what === 'tick' || what === 'renew-encoder';
  return bare ? { type: what } : { type: what, epoch };
}
