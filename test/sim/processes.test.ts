import { expect, it } from 'vitest';
import { runScene } from './scene.ts';

const eight = (processes?: { readonly count: number; readonly frameMs: number }) =>
  runScene(
    {
      name: 'eight',
      about: 'eight viewers that are looked into',
      viewers: Array.from({ length: 8 }, () => ({})),
      world: { watched: true, delayMs: 1, ...(processes && { processes }) },
      windowMs: 12_000,
    },
    1,
    () => {},
  );

it('a watched scene tells when segments are complete and how fast neighbours answer', () => {
  const { fillP50Ms = 0, fillP95Ms = 0, responseP50Ms, stalls } = eight();
  expect(responseP50Ms).toBe(2);
  // The random delay before a segment is pulled, and little else.
  expect(fillP50Ms).toBeGreaterThan(20);
  expect(fillP95Ms).toBeLessThan(1_000);
  expect(fillP50Ms).toBeLessThanOrEqual(fillP95Ms);
  expect(stalls).toBe(0);
});

it('viewers that share a process wait for one another', () => {
  const alone = eight({ count: 8, frameMs: 1 });
  const together = eight({ count: 1, frameMs: 1 });
  expect(alone.responseP50Ms).toBeGreaterThan(2);
  expect(together.responseP50Ms).toBeGreaterThan((alone.responseP50Ms ?? 0) + 1);
  expect(together.fillP95Ms).toBeGreaterThan(alone.fillP95Ms ?? 0);
  expect(together.copiesMean).toBeLessThan(1.3);
});
