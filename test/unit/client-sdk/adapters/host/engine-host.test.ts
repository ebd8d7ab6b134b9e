import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Effect, Input } from '@shoal/client-sdk/core';
import {
  type Engine,
  EngineHost,
} from '../../../../../client-sdk/src/adapters/host/engine-host.ts';
import { renditionId } from '../../../../support/builders.ts';

const TICK: Input = { type: 'tick' };
const cancelled = (demand: number): Input => ({ type: 'demand-cancelled', demand });
const fallBack = (demand: number): Effect => ({ type: 'fall-back', demand });

const IDLE = {
  httpBytes: 0,
  p2pBytes: 0,
  uploadedBytes: 0,
  wastedBytes: 0,
  peers: 0,
  viewers: undefined,
  resting: false,
};

/** An engine that does what a test tells it, bugs included: the real one is not supposed to have any to show. */
class ScriptedEngine implements Engine {
  readonly inputs: Input[] = [];
  due: number | undefined;
  peers = 3;

  readonly script: (input: Input) => readonly Effect[];

  constructor(script: (input: Input) => readonly Effect[]) {
    this.script = script;
  }

  step(input: Input): readonly Effect[] {
    this.inputs.push(input);
    return this.script(input);
  }

  deadline(): number | undefined {
    return this.due;
  }

  knows(url: string): boolean {
    if (url === 'bug') throw new Error('bug');
    return url === 'known';
  }

  holders(rendition: string): number {
    if (rendition === 'bug') throw new Error('bug');
    return 2;
  }

  stats(): typeof IDLE {
    return { ...IDLE, peers: this.peers };
  }
}

class Bench {
  readonly ran: Effect[] = [];
  readonly failures: unknown[] = [];
  readonly engine: ScriptedEngine;
  readonly host: EngineHost;
  onEffect: (effect: Effect) => void = () => {};

  constructor(script: (input: Input) => readonly Effect[] = () => []) {
    this.engine = new ScriptedEngine(script);
    this.host = new EngineHost({
      engine: this.engine,
      run: (effect) => {
        this.ran.push(effect);
        this.onEffect(effect);
      },
      onFailure: (cause) => this.failures.push(cause),
      now: () => performance.now(),
    });
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('late timers', () => {
  /** A timer that was due at 100 ms fires at `at`, as where the thread was busy meanwhile. */
  function fireAt(at: number, timely: () => boolean = () => true): readonly Input[] {
    const engine = new ScriptedEngine(() => []);
    let now = 0;
    const host = new EngineHost({
      engine,
      run: () => {},
      onFailure: () => {},
      now: () => now,
      timely,
    });
    engine.due = 100;
    host.input(TICK);
    now = at;
    vi.advanceTimersByTime(100);
    host.stop();
    return engine.inputs.slice(1);
  }

  it('SWM-17 are reported with the tick, if they were notably late', () => {
    expect(fireAt(119)).toEqual([TICK]);
    expect(fireAt(350)).toEqual([{ type: 'tick', lateMs: 250 }]);
  });

  it('SWM-17 are nothing to report where the browser holds them back', () => {
    expect(fireAt(1_000, () => false)).toEqual([TICK]);
  });
});

describe('running the engine', () => {
  it('takes an input that comes while effects run only after all of them', () => {
    const bench = new Bench((input) =>
      input.type === 'tick' ? [fallBack(1), fallBack(2)] : [fallBack(3)],
    );
    bench.onEffect = (effect) => {
      if (effect.type === 'fall-back' && effect.demand === 1) bench.host.input(cancelled(9));
    };
    bench.host.input(TICK);
    expect(bench.ran).toEqual([fallBack(1), fallBack(2), fallBack(3)]);
    expect(bench.engine.inputs).toEqual([TICK, cancelled(9)]);
  });

  it('ticks at the deadline, and has one timer for it', () => {
    const bench = new Bench();
    bench.engine.due = performance.now() + 100.4;
    bench.host.input(cancelled(1));
    bench.host.input(cancelled(2));
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(100);
    expect(bench.engine.inputs).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(bench.engine.inputs).toEqual([cancelled(1), cancelled(2), TICK]);
  });

  it('moves its timer with a deadline that comes nearer', () => {
    const bench = new Bench();
    bench.engine.due = performance.now() + 1_000;
    bench.host.input(cancelled(1));
    bench.engine.due = performance.now() + 10;
    bench.host.input(cancelled(2));
    vi.advanceTimersByTime(10);
    expect(bench.engine.inputs.at(-1)).toEqual(TICK);
  });

  it('sets no new timer while the deadline moves away, and does not tick before it', () => {
    const bench = new Bench();
    const begin = performance.now();
    for (let i = 0; i < 5; i++) {
      bench.engine.due = begin + 10 + i;
      bench.host.input(cancelled(i));
    }
    vi.advanceTimersByTime(13);
    expect(bench.engine.inputs).toHaveLength(5);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1);
    expect(bench.engine.inputs.at(-1)).toEqual(TICK);
  });

  it('neither ticks nor sets a timer without a deadline', () => {
    const bench = new Bench();
    bench.engine.due = performance.now() + 10;
    bench.host.input(cancelled(1));
    bench.engine.due = undefined;
    bench.host.input(cancelled(2));
    vi.advanceTimersByTime(20);
    expect(bench.engine.inputs).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not spin on a deadline that has passed', () => {
    const bench = new Bench();
    bench.engine.due = performance.now() - 1_000;
    bench.host.input(cancelled(1));
    vi.advanceTimersByTime(100);
    expect(bench.engine.inputs.length).toBeLessThanOrEqual(101);
    bench.host.stop();
  });

  it('does nothing more once stopped, not even the effects at hand', () => {
    const bench = new Bench(() => [fallBack(1), fallBack(2)]);
    bench.onEffect = () => {
      bench.host.stop();
    };
    bench.engine.due = 5;
    bench.host.input(TICK);
    bench.host.input(TICK);
    expect(bench.ran).toEqual([fallBack(1)]);
    expect(bench.host.knows('known')).toBe(false);
    expect(bench.host.stats().peers).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    expect(bench.failures).toEqual([]);
  });
});

describe('an engine that fails', () => {
  it('SWM-8 is stopped for good and reported once', () => {
    const bench = new Bench(() => {
      throw new Error('bug');
    });
    bench.host.input(TICK);
    bench.host.input(TICK);
    expect(bench.failures).toEqual([new Error('bug')]);
    expect(bench.host.running()).toBe(false);
    expect(bench.host.knows('known')).toBe(false);
  });

  it('SWM-8 may fail at any question', () => {
    const bench = new Bench();
    expect(bench.host.knows('known')).toBe(true);
    expect(bench.host.knows('bug')).toBe(false);
    expect(bench.failures).toHaveLength(1);
    const other = new Bench();
    expect(other.host.holders(renditionId('source'))).toBe(2);
    expect(other.host.holders(renditionId('bug'))).toBe(0);
    expect(other.failures).toHaveLength(1);
  });

  it('SWM-8 is one whose effect cannot be carried out', () => {
    const bench = new Bench(() => [fallBack(1)]);
    bench.onEffect = () => {
      throw new Error('cannot');
    };
    bench.host.input(TICK);
    expect(bench.failures).toEqual([new Error('cannot')]);
  });

  it('SWM-8 is one that inputs and effects keep going for ever', () => {
    const bench = new Bench(() => [fallBack(1)]);
    bench.onEffect = () => {
      bench.host.input(TICK);
    };
    bench.host.input(TICK);
    expect(bench.failures).toHaveLength(1);
    expect(bench.engine.inputs.length).toBeLessThanOrEqual(16_384);
  });

  it('SWM-8 is one that lets more than 4,096 inputs wait', () => {
    const bench = new Bench(() => [fallBack(1)]);
    bench.onEffect = () => {
      for (let i = 0; i < 5_000; i++) bench.host.input(TICK);
    };
    bench.host.input(TICK);
    expect(bench.failures).toHaveLength(1);
    expect(bench.engine.inputs).toHaveLength(1);
  });
});
