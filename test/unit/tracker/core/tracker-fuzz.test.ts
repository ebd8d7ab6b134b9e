import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DEMO, Room } from '../tracker-room.ts';
import { announce, answer, HASH, offerId, peerId } from './web-torrent/stock-message.ts';

const signal = { kind: 'candidate', candidate: 'c', sdpMid: '0', sdpMLineIndex: 0 };
const VALID: readonly Readonly<Record<string, unknown>>[] = [
  { action: 'join', version: 1, channel: 'demo', shares: true },
  { action: 'join', version: 1, channel: 'demo', shares: true, key: 'A'.repeat(22) },
  {
    action: 'update',
    rendition: 'source',
    epoch: 1,
    lo: 0,
    hi: 5,
    next: 6,
    also: ['audio'],
    neighbours: 1,
    want: 8,
    shares: true,
    received: [{ peer: 'id1', bytes: 5 }],
    bad: [{ peer: 'id1', reason: 'corrupt' }],
  },
  { action: 'signal', to: 'id1', session: 'id3', signal },
  { action: 'leave' },
  announce('eve', { count: 3 }),
  announce('stock', { event: 'stopped' }),
  answer('eve', { peer: peerId('stock'), offer: offerId('stock0') }),
  { action: 'scrape', info_hash: [HASH] },
];

/** A valid message of which some fields were replaced by anything or taken away. */
const mutated = fc
  .tuple(fc.constantFrom(...VALID), fc.dictionary(fc.nat(30).map(String), fc.jsonValue()))
  .map(([message, changes]) => {
    const entries = Object.entries(message);
    for (const [index, value] of Object.entries(changes)) {
      const entry = entries[Number(index) % (entries.length + 2)];
      if (entry !== undefined) entry[1] = value;
    }
    return Object.fromEntries(entries);
  });

const anything = fc.oneof(mutated, mutated, fc.jsonValue(), fc.constantFrom(...VALID));

it('TRK-3 whatever a connection says, nothing throws, and no other connection is closed', () => {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 20 }), fc.boolean(), (values, joined) => {
      const room = new Room({ nameOf: (key) => key.slice(0, 20) });
      room.join('ann');
      room.join('ben');
      room.connect('stock');
      room.say('stock', announce('stock', { count: 2 }));
      if (joined) room.join('eve');
      else room.connect('eve');
      for (const value of values) room.say('eve', value);
      for (const name of ['ann', 'ben', 'stock']) expect(room.closed.has(name)).toBe(false);
      room.close('eve');
      room.update('ann', { want: 8 });
      room.say('stock', announce('stock'));
      expect(room.core.channel(DEMO)?.viewers).toBe(2);
      expect(room.core.swarmSize(HASH)).toBe(1);
      expect(room.core.totals()).toEqual({ connections: 3, channels: 1, swarms: 1 });
    }),
    { numRuns: 1_500 },
  );
});

it('TRK-1 whatever a stock client says, it never gets an action that it does not know', () => {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 20 }), (values) => {
      const room = new Room();
      room.join('ann');
      room.connect('stock');
      room.say('stock', announce('stock'));
      for (const value of values) room.say('stock', value);
      for (const message of room.received('stock')) {
        expect(['announce', 'scrape']).toContain(message.action);
        if ('failure reason' in message) expect(message.info_hash).toHaveLength(20);
      }
    }),
    { numRuns: 500 },
  );
});
