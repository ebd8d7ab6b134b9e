import { describe, expect, it } from 'vitest';
import { originSegment } from '../../../support/builders.ts';
import { EngineDriver } from '../../../support/engine-driver.ts';

const segment = originSegment(11);

/** A viewer in the middle of playback with a neighbour that holds a segment. */
function inSwarm(): EngineDriver {
  const driver = new EngineDriver({ random: () => 0.5 });
  driver.list([segment]);
  driver.play(11, 8_000);
  driver.join();
  driver.meet('a');
  return driver;
}

/** Timers fire so much too late, one after the other, for `forMs`. */
function strain(driver: EngineDriver, lateMs: number, forMs: number): void {
  for (let passed = 0; passed < forMs; passed += 500) {
    driver.advance(500);
    driver.step({ type: 'tick', lateMs });
  }
}

const resting = (driver: EngineDriver): readonly boolean[] =>
  driver.reports('resting').map((report) => report.resting);

describe('a device that is short of CPU', () => {
  it('SWM-17 leaves the swarm, plays over HTTP, and comes back', () => {
    const driver = inSwarm();
    strain(driver, 400, 12_000);
    expect(resting(driver)).toEqual([true]);
    expect(driver.engine.stats()).toMatchObject({ resting: true, peers: 0 });
    expect(driver.sent('a', 'bye')).toHaveLength(1);
    expect(driver.all('tracker-disconnect')).toHaveLength(1);
    const demand = driver.demand(segment);
    driver.answerAll();
    expect(driver.delivered).toEqual([demand]);
    driver.forget();
    driver.advance(32_000);
    expect(resting(driver)).toEqual([false]);
    expect(driver.all('tracker-connect')).toHaveLength(1);
    expect(driver.engine.stats().resting).toBe(false);
  });

  it('SWM-17 does not leave for the delays of an ordinary day, nor for having slept', () => {
    const driver = inSwarm();
    strain(driver, 40, 30_000);
    driver.step({ type: 'tick', lateMs: 3_600_000 });
    driver.advance(1_000);
    expect(resting(driver)).toEqual([]);
  });

  it('SWM-17 stays away twice as long each time that it did not help, 10 minutes at most', () => {
    const driver = inSwarm();
    const rests: number[] = [];
    for (let i = 0; i < 7; i++) {
      strain(driver, 450, 14_000);
      const before = driver.clock.now;
      while (driver.engine.stats().resting) driver.advance(500);
      rests.push(Math.round((driver.clock.now - before) / 10_000) * 10);
    }
    expect(rests[0]).toBeLessThanOrEqual(30);
    expect(rests[1]).toBeGreaterThan(40);
    expect(Math.max(...rests)).toBeLessThanOrEqual(600);
    expect(rests.at(-1)).toBeGreaterThan(400);
  });

  it('SWM-17 does not come back before the device is calm', () => {
    const driver = inSwarm();
    strain(driver, 450, 14_000);
    strain(driver, 300, 60_000);
    expect(resting(driver)).toEqual([true]);
    // The mean takes a while to fall.
    driver.advance(30_000);
    expect(resting(driver)).toEqual([true, false]);
  });

  it('SWM-17 does not begin before the device is calm', () => {
    const driver = new EngineDriver({ random: () => 0.5 });
    strain(driver, 400, 6_000);
    driver.list([segment]);
    driver.play(11, 8_000);
    expect(driver.all('tracker-connect')).toEqual([]);
    expect(driver.engine.stats().resting).toBe(true);
    strain(driver, 400, 10_000);
    expect(driver.all('tracker-connect')).toEqual([]);
    driver.advance(30_000);
    expect(driver.all('tracker-connect')).toHaveLength(1);
    expect(resting(driver)).toEqual([true, false]);
  });

  it('SWM-17 leaves at a share of its own, from a fifth to three tenths', () => {
    const left = [0, 0.99].map((chance) => {
      const driver = new EngineDriver({ random: () => chance });
      driver.list([segment]);
      driver.play(11, 8_000);
      driver.join();
      driver.meet('a');
      const start = driver.clock.now;
      while (!driver.engine.stats().resting && driver.clock.now < start + 60_000)
        strain(driver, 400, 500);
      return driver.clock.now - start;
    });
    expect(left[0]).toBeLessThan(left[1] ?? 0);
    expect(left[1]).toBeLessThan(60_000);
  });

  it('SWM-17 P2P that is switched off stays off', () => {
    const driver = inSwarm();
    strain(driver, 400, 12_000);
    driver.step({ type: 'p2p', enabled: false });
    driver.forget();
    driver.advance(60_000);
    expect(driver.all('tracker-connect')).toEqual([]);
  });

  it('SWM-16 asks for links one at a time while it waits a little, and for none while it waits more', () => {
    const wants = (driver: EngineDriver): number | undefined =>
      driver
        .all('tracker-send')
        .flatMap(({ message }) => (message.action === 'update' ? [message.want] : []))
        .at(-1);
    const calm = inSwarm();
    calm.advance(12_000);
    expect(wants(calm)).toBe(3);
    const waiting = inSwarm();
    strain(waiting, 40, 30_000);
    expect(wants(waiting)).toBe(1);
    waiting.introduce('b');
    strain(waiting, 40, 1_000);
    expect(wants(waiting)).toBe(0);
    strain(waiting, 40, 3_000);
    expect(wants(waiting)).toBe(1);
    const late = inSwarm();
    strain(late, 70, 30_000);
    expect(wants(late)).toBe(0);
    expect(resting(late)).toEqual([]);
  });

  it('SWM-18 goes to the origin earlier by its longest delay of late', () => {
    const times = [0, 800].map((lateMs) => {
      const driver = inSwarm();
      driver.play(11, 4_000);
      if (lateMs > 0) driver.step({ type: 'tick', lateMs });
      return driver.until('fetch', 4_000).afterMs;
    });
    const [calm = 0, strained = 0] = times;
    expect(calm - strained).toBeGreaterThan(400);
    expect(calm - strained).toBeLessThanOrEqual(800);
  });
});
