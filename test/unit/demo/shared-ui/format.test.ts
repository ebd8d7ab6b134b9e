import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatDuration,
  formatNumber,
  formatRate,
  formatSeconds,
  formatShare,
} from '@shoal/demo/shared-ui/format';

describe('figures for people', () => {
  it.each([
    [0, '0 kB'],
    [940_000, '940 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [12_345_678, '12.3 MB'],
    [99_950_000, '100 MB'],
    [1_254_000_000, '1.25 GB'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0, '0 kbit/s'],
    [999_499, '999 kbit/s'],
    [999_500, '1.0 Mbit/s'],
    [12_340_000, '12.3 Mbit/s'],
  ])('writes %d bit/s as %s', (rate, text) => {
    expect(formatRate(rate)).toBe(text);
  });

  it.each([
    [undefined, '–'],
    [Number.NaN, '–'],
    [0, '0 %'],
    [0.001, '1 %'],
    [0.874, '87 %'],
    [0.999, '99 %'],
    [1, '100 %'],
    [1.2, '100 %'],
    [-0.2, '0 %'],
  ])('writes the share %s as %s', (share, text) => {
    expect(formatShare(share)).toBe(text);
  });

  it.each([
    [undefined, '–'],
    [-5, '0.0 s'],
    [420, '0.4 s'],
    [9_949, '9.9 s'],
    [9_960, '10 s'],
  ])('writes %s ms as %s', (ms, text) => {
    expect(formatSeconds(ms)).toBe(text);
  });

  it.each([
    [-1, '0 s'],
    [59_999, '59 s'],
    [185_000, '3 min 5 s'],
    [7_800_000, '2 h 10 min'],
    [273_600_000, '3 d 4 h'],
  ])('writes the long time %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('writes numbers', () => {
    expect([formatNumber(1.25, 1), formatNumber(undefined)]).toEqual(['1.3', '–']);
  });
});
