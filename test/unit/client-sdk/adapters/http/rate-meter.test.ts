import { describe, expect, it } from 'vitest';
import { RateMeter } from '../../../../../client-sdk/src/adapters/http/rate-meter.ts';

describe('the HTTP rate meter', () => {
  it('knows nothing before a transfer that is large enough to say something', () => {
    const meter = new RateMeter();
    meter.sample(65_535, 1);
    expect(meter.bitsPerSecond()).toBeUndefined();
  });

  it('gives the rate of the first transfer as it was', () => {
    const meter = new RateMeter();
    meter.sample(500_000, 1_000);
    expect(meter.bitsPerSecond()).toBeCloseTo(4_000_000);
  });

  it('follows a change within a few seconds of transferring', () => {
    const meter = new RateMeter();
    for (let i = 0; i < 20; i++) meter.sample(1_000_000, 1_000);
    for (let i = 0; i < 12; i++) meter.sample(100_000, 1_000);
    expect(meter.bitsPerSecond()).toBeGreaterThan(800_000);
    expect(meter.bitsPerSecond()).toBeLessThan(1_600_000);
  });

  it('survives a transfer that took no time', () => {
    const meter = new RateMeter();
    meter.sample(100_000, 0);
    expect(Number.isFinite(meter.bitsPerSecond())).toBe(true);
  });
});
