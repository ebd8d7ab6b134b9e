import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { engineEvent } from '../../../support/engine-events.ts';
import { EngineWorld } from '../../../support/engine-world.ts';

describe('whatever happens, in whatever order', () => {
  it('PEER-3 PEER-5 SEG-7 SWM-8 nothing throws, no byte is false, one request a neighbour, every demand is answered', () => {
    const ended = new Map<string, number>();
    const count = (what: string): void => {
      ended.set(what, (ended.get(what) ?? 0) + 1);
    };
    fc.assert(
      fc.property(
        fc.nat(),
        fc.noBias(fc.array(engineEvent, { maxLength: 200, size: 'max' })),
        (seed, events) => {
          const world = new EngineWorld(seed);
          world.take({ type: 'list', n: 7 });
          world.take({ type: 'play', n: 0, bufferedMs: 6_000, playing: true });
          world.take({ type: 'open-tracker', n: 0 });
          for (const each of events) world.take(each);
          world.settle();
          for (const { effect } of world.driver.log)
            count(effect.type === 'send' ? effect.message.type : effect.type);
        },
      ),
      { seed: 20_250_601, numRuns: 300 },
    );
    // The runs went far enough to mean something.
    for (const type of ['deliver', 'request', 'piece', 'cancel', 'digests', 'bye', 'fetch-abort'])
      expect(ended.get(type) ?? 0, type).toBeGreaterThan(0);
  });
});
