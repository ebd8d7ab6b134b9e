import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatChannelState, parseChannelState } from '@shoal/server/core';
import { renditionId } from '../../../../support/builders.ts';

const GOOD = {
  nextMsn: 5,
  discontinuity: 2,
  lastEpoch: 1_700_000_000,
  targetDuration: 2,
  open: true,
};

describe('the state of a channel on disk', () => {
  it('is read as it was written', () => {
    const uint = fc.integer({ min: 0, max: 0xffff_ffff });
    const state = fc.record(
      {
        nextMsn: uint,
        discontinuity: fc.integer({ min: -1, max: 1_000 }),
        lastEpoch: uint,
        open: fc.boolean(),
        targetDuration: fc.integer({ min: 1, max: 10 }),
        rungs: fc.constant([renditionId('480p'), renditionId('360p')]),
      },
      { requiredKeys: ['nextMsn', 'discontinuity', 'lastEpoch', 'open'] },
    );
    fc.assert(
      fc.property(state, (value) => {
        const read = parseChannelState(formatChannelState(value));
        expect(read).toEqual({ ok: true, value: { ...value } });
      }),
    );
  });

  it.each([
    '',
    'null',
    '[]',
    '{"nextMsn":1',
    JSON.stringify({ ...GOOD, nextMsn: -1 }),
    JSON.stringify({ ...GOOD, nextMsn: '5' }),
    JSON.stringify({ ...GOOD, lastEpoch: 2 ** 33 }),
    JSON.stringify({ ...GOOD, discontinuity: -2 }),
    JSON.stringify({ ...GOOD, targetDuration: 0 }),
    JSON.stringify({ ...GOOD, open: 1 }),
    JSON.stringify({ ...GOOD, rungs: '480p' }),
    JSON.stringify({ ...GOOD, rungs: ['480p', 7] }),
    JSON.stringify({ ...GOOD, rungs: ['no/rendition'] }),
    JSON.stringify({ ...GOOD, rungs: Array(20).fill('a') }),
  ])('damaged text is an error: %s', (text) => {
    expect(parseChannelState(text).ok).toBe(false);
  });
});
