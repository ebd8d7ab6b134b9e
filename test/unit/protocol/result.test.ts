import { err, invariant, ok, unwrap } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';

describe('results', () => {
  it('unwrap to their value, or throw what was wrong', () => {
    expect(unwrap(ok(7))).toBe(7);
    expect(() => unwrap(err('no such file'))).toThrow('no such file');
  });

  it('an invariant throws only when broken', () => {
    invariant(true, 'holds');
    expect(() => {
      invariant(false, 'count went negative');
    }).toThrow('invariant broken: count went negative');
  });
});
