import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Envelope } from '@shoal/protocol';
import { FEED_LIMITS, FeedReader, type ReaderEffect } from '@shoal/server/core';
import { channelId } from '../../../../support/builders.ts';

function event(seq: number): Envelope {
  const wire = { id: `e${seq}`, version: 1, at: seq, channel: channelId(), seq } as const;
  return { type: 'stream.online', data: {}, ...wire };
}

function count(seq: number): Envelope {
  return { ...event(seq), type: 'viewer.count', data: { viewers: 1 } };
}

const events = (...seqs: readonly number[]) =>
  ({ type: 'events', events: seqs.map(event) }) as const;
const sent = (effects: readonly ReaderEffect[]): readonly (number | string)[] =>
  effects.map((effect) => (effect.type === 'send' ? effect.envelope.seq : `resync ${effect.seq}`));

describe('a reader of a feed', () => {
  it('FEED-3 is sent what it missed, then what came meanwhile, each once', () => {
    const reader = new FeedReader();
    expect(sent(reader.event(event(4)))).toEqual([]);
    expect(sent(reader.event(count(4)))).toEqual([]);
    expect(sent(reader.event(event(5)))).toEqual([]);
    expect(sent(reader.begin(2, events(3, 4)))).toEqual([3, 4, 5]);
    expect(sent(reader.event(event(5)))).toEqual([]);
    expect(sent([...reader.event(event(6)), ...reader.event(count(6))])).toEqual([6, 6]);
  });

  it('FEED-4 is told to begin anew when what it missed is gone, and goes on from there', () => {
    const reader = new FeedReader();
    reader.event(event(91));
    expect(sent(reader.begin(2, { type: 'resync', seq: 90 }))).toEqual(['resync 90', 91]);
    expect(sent(reader.event(event(92)))).toEqual([92]);
  });

  it('FEED-3 takes several at once where it needs them just as they are', () => {
    const reader = new FeedReader();
    expect(reader.takesAll(3, 4)).toBe(false);
    reader.begin(2, events());
    expect(reader.takesAll(3, 4)).toBe(true);
    expect(reader.takesAll(4, 5)).toBe(false);
    expect(sent([...reader.event(event(4)), ...reader.event(event(5))])).toEqual([5]);
  });

  it('FEED-4 is told to begin anew when what is to come is gone', () => {
    const reader = new FeedReader();
    reader.event(event(3));
    expect(sent(reader.lost(90))).toEqual([]);
    reader.event(event(91));
    expect(sent(reader.begin(2, events()))).toEqual(['resync 90', 91]);
    expect(sent([...reader.lost(200), ...reader.event(event(201))])).toEqual(['resync 200', 201]);
    expect(sent(reader.lost(150))).toEqual([]);
  });

  it('FEED-4 keeps no more than a feed does while it waits', () => {
    const reader = new FeedReader();
    for (let seq = 1; seq <= FEED_LIMITS.kept + 3; seq++) reader.event(event(seq));
    expect(sent(reader.begin(0, events()))).toEqual([`resync ${FEED_LIMITS.kept}`]);
  });

  it('FEED-3 whenever it begins, it gets every number after its own once, in order', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), fc.nat(20), (after, logged, later) => {
        const reader = new FeedReader();
        const got: ReaderEffect[] = [];
        const total = after + logged + later;
        // Some of what is in the log comes as an event too.
        for (let seq = after + Math.ceil(logged / 2) + 1; seq <= after + logged; seq++)
          got.push(...reader.event(event(seq)));
        const missed = Array.from({ length: logged }, (_, i) => after + i + 1);
        got.push(...reader.begin(after, events(...missed)));
        for (let seq = after + logged + 1; seq <= total; seq++)
          got.push(...reader.event(event(seq)));
        expect(sent(got)).toEqual(Array.from({ length: logged + later }, (_, i) => after + i + 1));
      }),
    );
  });
});
