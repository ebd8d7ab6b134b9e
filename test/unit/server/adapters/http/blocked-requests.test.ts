import { describe, expect, it, vi } from 'vitest';
import { ORIGIN_LIMITS } from '@shoal/server/core';
import { BlockedRequests } from '../../../../../server/src/adapters/http/blocked-requests.ts';
import { readDirectives } from '../../../../../server/src/adapters/http/directives.ts';

describe('requests that wait', () => {
  it('ORG-18 are asked at each change of their playlist, until one brings what they want', () => {
    const blocked = new BlockedRequests({ now: () => 0 });
    let there = false;
    const retry = vi.fn(() => there);
    blocked.add('/a', { waitMs: 1_000, retry, expire: () => undefined });
    blocked.changed('/b');
    expect(retry).not.toHaveBeenCalled();
    blocked.changed('/a');
    there = true;
    blocked.changed('/a');
    blocked.changed('/a');
    expect(retry).toHaveBeenCalledTimes(2);
    expect(blocked.size).toBe(0);
  });

  it('ORG-18 expire, each once, and one timer does it for all', () => {
    vi.useFakeTimers();
    try {
      let now = 0;
      const blocked = new BlockedRequests({ now: () => now });
      const expire = vi.fn();
      for (const waitMs of [1_000, 2_000])
        blocked.add('/a', { waitMs, retry: () => false, expire });
      expect(vi.getTimerCount()).toBe(1);
      now = 1_000;
      vi.advanceTimersByTime(300);
      expect(expire).toHaveBeenCalledTimes(1);
      now = 2_000;
      vi.advanceTimersByTime(300);
      expect(expire).toHaveBeenCalledTimes(2);
      expect([blocked.size, vi.getTimerCount()]).toEqual([0, 0]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('ORG-18 are refused when too many do, and leave when they are gone', () => {
    const blocked = new BlockedRequests({ now: () => 0 });
    const one = { waitMs: 1, retry: () => false, expire: () => undefined };
    const leave = Array.from({ length: ORIGIN_LIMITS.blockedRequests }, () =>
      blocked.add('/a', one),
    );
    expect(blocked.add('/a', one)).toBeUndefined();
    leave[0]?.();
    leave[0]?.();
    expect(blocked.size).toBe(ORIGIN_LIMITS.blockedRequests - 1);
    expect(blocked.add('/b', one)).toBeDefined();
    for (const each of leave) each?.();
  });
});

describe('delivery directives', () => {
  it.each([
    ['', { delta: false }],
    ['token=1', { delta: false }],
    ['_HLS_msn=7', { wanted: { msn: 7 }, delta: false }],
    ['a=b&_HLS_msn=7&_HLS_part=0&_HLS_skip=v2', { wanted: { msn: 7, part: 0 }, delta: true }],
    ['_HLS_skip=YES', { delta: true }],
    ['_HLS_skip=NO', { delta: false }],
  ])('ORG-18 %s', (query, value) => {
    expect(readDirectives(query)).toEqual({ ok: true, value });
  });

  it.each([
    '_HLS_part=1',
    '_HLS_msn=',
    '_HLS_msn=-1',
    '_HLS_msn=1.5',
    '_HLS_msn=4294967296',
    '_HLS_msn=1&_HLS_part=x',
  ])('ORG-18 %s is refused', (query) => {
    expect(readDirectives(query).ok).toBe(false);
  });
});
