import { describe, expect, it } from 'vitest';
import { HttpEstimate } from '../../../../client-sdk/src/core/bandwidth.ts';

describe('the estimate of HTTP', () => {
  it('is the guess until a transfer is large enough to tell anything', () => {
    const estimate = new HttpEstimate();
    expect(estimate.rate(77)).toBe(77);
    estimate.transferred(16_383, 1);
    expect(estimate.rate(77)).toBe(77);
    estimate.transferred(16_384, 16);
    expect(estimate.rate(77)).toBe(1_024);
  });

  it('SWM-5 follows a drop quickly and a rise slowly', () => {
    const estimate = new HttpEstimate();
    estimate.transferred(1_000_000, 1_000);
    estimate.transferred(100_000, 1_000);
    const dropped = estimate.rate(0);
    expect(dropped).toBeLessThan(600);
    for (let i = 0; i < 3; i++) estimate.transferred(1_000_000, 1_000);
    expect(estimate.rate(0)).toBeLessThan(950);
    for (let i = 0; i < 30; i++) estimate.transferred(1_000_000, 1_000);
    expect(estimate.rate(0)).toBeGreaterThan(950);
  });

  it('a transfer that took no time at all leaves a finite rate', () => {
    const estimate = new HttpEstimate();
    estimate.transferred(1_000_000, 0);
    expect(estimate.rate(0)).toBe(1_000_000);
  });

  it('SWM-5 smooths the response time', () => {
    const estimate = new HttpEstimate();
    for (let i = 0; i < 20; i++) estimate.responded(20);
    expect(estimate.responseMs).toBeGreaterThan(19);
    expect(estimate.responseMs).toBeLessThan(21);
  });
});
