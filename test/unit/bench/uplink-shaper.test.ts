import { expect, it } from 'vitest';
import { UplinkShaper } from '../../bench/node/uplink-shaper.ts';
import { until } from '../../support/until.ts';

class Channel {
  readonly bufferedAmount = 0;
  readonly bufferedAmountLowThreshold = 100;
  readonly readyState = 'open';
  readonly sent: Uint8Array[] = [];
  low = 0;
  onbufferedamountlow = (): void => {
    this.low += 1;
  };
  send = (data: Uint8Array): void => {
    this.sent.push(data);
  };
}

it('channels of one viewer share its uplink, in order, and say when there is room again', async () => {
  // A byte a millisecond, and 100 at once.
  const shaper = new UplinkShaper(8);
  const [a, b] = [shaper.shape(new Channel()), shaper.shape(new Channel())];
  const startedAt = performance.now();
  for (const channel of [a, b])
    for (const first of [1, 2]) channel.send(new Uint8Array(100).fill(first));
  expect([a.bufferedAmount, b.bufferedAmount]).toEqual([200, 200]);
  await until(() => a.sent.length === 2 && b.sent.length === 2, { what: 'everything to leave' });
  expect(performance.now() - startedAt).toBeGreaterThan(250);
  for (const { sent, low, bufferedAmount } of [a, b]) {
    expect(sent.map(([first]) => first)).toEqual([1, 2]);
    expect(low).toBe(2);
    expect(bufferedAmount).toBe(0);
  }
});
