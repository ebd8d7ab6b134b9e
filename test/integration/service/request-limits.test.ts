import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestService } from './test-service.ts';

const LIMIT = 20;

let service: TestService;
beforeEach(async () => {
  service = await TestService.start({ requestsAMinute: LIMIT });
});
afterEach(() => service.close());

async function statuses(count: number, token: (at: number) => string | undefined) {
  const found: number[] = [];
  for (let at = 0; at < count; at += 1)
    found.push((await service.call('GET', '/v1/channels', { token: token(at) })).status);
  return found;
}

describe('API-10 so many requests a minute', () => {
  it('of an address without a token, and of each token', async () => {
    const ana = await service.tokenOf('ana');
    expect(await statuses(LIMIT + 1, () => undefined)).toEqual([
      ...Array<number>(LIMIT).fill(200),
      429,
    ]);
    expect(await statuses(LIMIT + 1, () => ana)).toEqual([...Array<number>(LIMIT).fill(200), 429]);
    const { headers, body } = await service.call('GET', '/v1/channels');
    expect(headers.get('ratelimit-limit')).toBe(String(LIMIT));
    expect(headers.get('retry-after')).toMatch(/^\d+$/);
    expect(body).toMatchObject({ status: 429, code: 'too-many-requests' });
  });

  it('of an address with tokens that do not hold, however many there are; one that holds is not held up', async () => {
    const ana = await service.tokenOf('ana');
    const wrong = (at: number): string => `wrong-token-number-${at}-xxxxxxxxxxxx`;
    expect(await statuses(LIMIT + 5, wrong)).toEqual([
      ...Array<number>(LIMIT).fill(401),
      ...Array<number>(5).fill(429),
    ]);
    expect((await service.call('GET', '/v1/channels', { token: ana })).status).toBe(200);
  });

  it('probes are not counted', async () => {
    for (let at = 0; at < LIMIT + 5; at += 1)
      expect((await service.call('GET', '/readyz')).status).toBe(200);
  });
});
