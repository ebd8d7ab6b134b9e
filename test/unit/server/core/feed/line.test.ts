import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Envelope } from '@shoal/protocol';
import { FEED_LIMITS, FeedLine, type LineEffect, type LineInput } from '@shoal/server/core';
import { channelId } from '../../../../support/builders.ts';
import { seededRandom } from '../../../../support/seeded-random.ts';

function envelope(seq: number): Envelope {
  const wire = { id: `e${seq}`, version: 1, at: seq, channel: channelId(), seq } as const;
  return { type: 'stream.online', data: {}, ...wire };
}
const event = (seq: number): LineInput => ({ type: 'event', envelope: envelope(seq) });
const read = (...seqs: readonly number[]): LineInput => ({
  type: 'read',
  replay: { type: 'events', events: seqs.map(envelope) },
});

/** A line, and what it does in words. */
function line(newest?: number) {
  const feed = new FeedLine();
  const step = (input: LineInput, now = 0): readonly string[] => feed.step(input, now).map(word);
  step({ type: 'followed' });
  if (newest !== undefined) step({ type: 'newest', seq: newest });
  return { feed, step };
}

function word(effect: LineEffect): string {
  switch (effect.type) {
    case 'tell':
      return String(effect.envelope.seq);
    case 'read':
      return `read after ${effect.after}`;
    case 'lost':
      return `lost to ${effect.seq}`;
    case 'wait':
      return `wait until ${effect.until}`;
    case 'ask':
      return 'ask';
  }
}

describe('the place of a process in a feed', () => {
  it('FEED-8 tells each event once, by number, whatever comes again or too early', () => {
    const { step } = line(4);
    expect(step(event(4))).toEqual([]);
    expect(step(event(5))).toEqual(['5']);
    expect(step(event(7), 10)).toEqual(['wait until 50']);
    expect(step(event(5), 11)).toEqual([]);
    expect(step(event(6), 12)).toEqual(['6', '7']);
    expect(step({ type: 'tick' }, 50)).toEqual([]);
  });

  it('FEED-8 reads what does not come, after a moment in which it may be on its way', () => {
    const { step } = line(4);
    expect(step(event(7))).toEqual(['wait until 40']);
    expect(step({ type: 'tick' }, 39)).toEqual([]);
    expect(step({ type: 'tick' }, 40)).toEqual(['read after 4']);
    expect(step(event(8), 41)).toEqual([]);
    expect(step(read(5, 6, 7), 42)).toEqual(['5', '6', '7', '8']);
  });

  it('FEED-8 waits anew for each that is missing: what comes late is not read', () => {
    const { step } = line(0);
    expect(step(event(2), 0)).toEqual(['wait until 40']);
    expect(step(event(1), 30)).toEqual(['1', '2']);
    expect(step(event(4), 35)).toEqual(['wait until 75']);
    expect(step({ type: 'tick' }, 40)).toEqual([]);
  });

  it('FEED-9 reads what nobody told of, when the log has a later number', () => {
    const { step } = line(4);
    expect(step({ type: 'newest', seq: 4 })).toEqual([]);
    expect(step({ type: 'newest', seq: 6 })).toEqual(['wait until 40']);
    expect(step({ type: 'tick' }, 40)).toEqual(['read after 4']);
    expect(step(read(5, 6), 41)).toEqual(['5', '6']);
  });

  it('FEED-9 reads again after a while when the log could not be read', () => {
    const { step } = line(4);
    step(event(6));
    expect(step({ type: 'tick' }, 40)).toEqual(['read after 4']);
    expect(step({ type: 'unread' }, 50)).toEqual(['wait until 1050']);
    expect(step(event(7), 60)).toEqual([]);
    expect(step({ type: 'tick' }, 1_050)).toEqual(['read after 4']);
    expect(step(read(5, 6, 7), 1_060)).toEqual(['5', '6', '7']);
  });

  it('FEED-4 says so where events are gone, and goes on after them', () => {
    const { step } = line(4);
    step(event(3_001));
    step({ type: 'tick' }, 40);
    expect(step({ type: 'read', replay: { type: 'resync', seq: 3_000 } }, 41)) //
      .toEqual(['lost to 3000', '3001']);
  });

  it('FEED-8 with readers it begins where the log ends, and asks for that', () => {
    const { step } = line();
    expect(step(event(7))).toEqual(['wait until 40']);
    expect(step({ type: 'tick' }, 40)).toEqual(['ask', 'wait until 1040']);
    expect(step({ type: 'newest', seq: 5 }, 41)).toEqual([]);
    expect(step(event(6), 42)).toEqual(['6', '7']);
  });

  it('FEED-8 without readers it begins with the first that comes within a moment', () => {
    const { step } = line();
    step({ type: 'left' });
    expect(step(event(7))).toEqual(['wait until 40']);
    expect(step(event(6), 1)).toEqual([]);
    expect(step({ type: 'tick' }, 40)).toEqual(['6', '7']);
  });

  it('FEED-8 does not wait for what the log does not have', () => {
    const { step } = line(4);
    step(event(1_000_000));
    expect(step({ type: 'tick' }, 40)).toEqual(['read after 4']);
    expect(step(read(5), 41)).toEqual(['5']);
    expect(step(event(6), 42)).toEqual(['6']);
    expect(step({ type: 'tick' }, 10_000)).toEqual([]);
  });

  it('keeps no more events than it may: the rest is read', () => {
    const { step } = line(0);
    const last = FEED_LIMITS.ahead + 10;
    for (let seq = 2; seq <= last; seq++) step(event(seq));
    expect(step(event(1))).toEqual([
      ...Array.from({ length: FEED_LIMITS.ahead + 1 }, (_, i) => String(i + 1)),
      'wait until 40',
    ]);
    expect(step({ type: 'tick' }, 40)).toEqual([`read after ${FEED_LIMITS.ahead + 1}`]);
  });

  it('FEED-8 tells all of it once, in order, over messages that are lost, doubled, late and false, and a log that fails', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 60 }), (seed, total) => {
        const chance = seededRandom(seed);
        const upTo = (most: number): number => Math.floor(chance() * (most + 1));
        const begin = upTo(5);
        const { feed } = line(begin);
        const told: number[] = [];
        let kept = begin;
        let now = 0;
        const under: { readonly at: number; readonly input: () => LineInput }[] = [];
        const step = (input: LineInput): void => {
          for (const effect of feed.step(input, now))
            if (effect.type === 'tell') told.push(effect.envelope.seq);
            else if (effect.type === 'wait')
              under.push({ at: effect.until, input: () => ({ type: 'tick' }) });
            else if (effect.type === 'read') {
              const { after } = effect;
              const [fails, newest] = [upTo(4) === 0, kept];
              const all = Array.from({ length: newest - after }, (_, i) => after + i + 1);
              const answer = fails ? ({ type: 'unread' } as const) : read(...all);
              under.push({ at: now + upTo(30), input: () => answer });
            }
        };
        const run = (until: number): void => {
          for (;;) {
            under.sort((a, b) => a.at - b.at);
            if ((under[0]?.at ?? Infinity) > until) break;
            const next = under.shift();
            if (next === undefined) break;
            now = Math.max(now, next.at);
            step(next.input());
          }
          now = until;
        };
        while (kept < begin + total) {
          kept += 1;
          const seq = kept;
          // Lost, doubled, late.
          for (let copies = upTo(3); copies > 0; copies--)
            under.push({ at: now + upTo(100), input: () => event(seq) });
          // What was never appended is not there when the log is read.
          if (upTo(20) === 0) step(event(kept + 500));
          run(now + upTo(20));
        }
        run(now + 5_000);
        step({ type: 'newest', seq: kept });
        run(now + 60_000);
        expect(told).toEqual(Array.from({ length: total }, (_, i) => begin + i + 1));
      }),
      { numRuns: 500 },
    );
  });
});
