import { LIMITS } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { DEMO, Room } from '../../tracker-room.ts';
import { announce, answer, HASH, offerId, OTHER_HASH, peerId } from './stock-message.ts';

/** A room where each of `names` has announced itself. */
function swarm(...names: readonly string[]): Room {
  const room = new Room();
  for (const name of names) {
    room.connect(name);
    room.say(name, announce(name));
  }
  room.clear();
  return room;
}

/** The offers that `name` received. */
function offers(room: Room, name: string) {
  return room.received(name, 'announce').filter((message) => 'offer' in message);
}

describe('announce', () => {
  it('is answered with the interval and the counts of the swarm', () => {
    const room = swarm('ann');
    room.connect('ben');
    room.say('ben', announce('ben', { left: 0 }));
    const reply = { action: 'announce', info_hash: HASH, interval: 120 };
    expect(room.received('ben')).toEqual([{ ...reply, complete: 1, incomplete: 1 }]);
    room.say('ben', announce('ben', { event: 'completed' }));
    room.say('ben', { action: 'scrape', info_hash: HASH });
    expect(room.received('ben', 'scrape')).toEqual([
      { action: 'scrape', files: { [HASH]: { complete: 1, incomplete: 1, downloaded: 1 } } },
    ]);
  });

  it('sends each offer to one other peer, under the name of its sender', () => {
    const room = swarm('ann', 'ben', 'cat');
    room.say('ann', announce('ann', { count: 5 }));
    expect(offers(room, 'ann')).toEqual([]);
    const sent = [...offers(room, 'ben'), ...offers(room, 'cat')];
    expect(sent).toHaveLength(2);
    expect(offers(room, 'ben')).toEqual([
      {
        action: 'announce',
        info_hash: HASH,
        peer_id: peerId('ann'),
        offer_id: expect.stringMatching(/^ann[01]-*$/) as unknown,
        offer: { type: 'offer', sdp: 'sdp of ann' },
      },
    ]);
  });

  it('sends no offer to another swarm, nor to a peer on the same connection', () => {
    const room = swarm('ann');
    room.say('ann', announce('second'));
    room.connect('ben');
    room.say('ben', announce('ben', { info_hash: OTHER_HASH }));
    room.clear();
    room.say('ann', announce('ann', { count: 5 }));
    expect(offers(room, 'ann')).toEqual([]);
    expect(offers(room, 'ben')).toEqual([]);
  });

  it('sends no more offers than numwant says', () => {
    const room = swarm('ann', 'ben', 'cat', 'dan');
    room.say('ann', announce('ann', { count: 3, numwant: 1 }));
    expect(['ben', 'cat', 'dan'].flatMap((name) => offers(room, name))).toHaveLength(1);
  });

  it('reaches everybody in a swarm of 1,500 within one interval, and counts them all', () => {
    const room = new Room();
    const names = Array.from({ length: 1_500 }, (_, i) => `p${i}`);
    for (const name of names) {
      room.connect(name);
      room.say(name, announce(name));
    }
    room.clear();
    for (const name of names) room.say(name, announce(name, { count: 5 }));
    expect(names.filter((name) => offers(room, name).length === 0)).toEqual([]);
    expect(Math.max(...names.map((name) => offers(room, name).length))).toBeLessThan(20);
    expect(room.core.swarmSize(HASH)).toBe(1_500);
  });
});

describe('answers', () => {
  it('TRK-6 an answer reaches the peer that made the offer, once', () => {
    const room = swarm('ann', 'ben');
    room.say('ann', announce('ann', { count: 1 }));
    room.clear();
    const reply = answer('ben', { peer: peerId('ann'), offer: offerId('ann0') });
    room.say('ben', reply);
    room.say('ben', reply);
    expect(room.received('ann')).toEqual([
      {
        action: 'announce',
        info_hash: HASH,
        peer_id: peerId('ben'),
        offer_id: offerId('ann0'),
        answer: { type: 'answer', sdp: 'sdp of ben' },
      },
    ]);
    expect(room.received('ben')).toEqual([]);
  });

  it('TRK-6 an answer nobody asked for goes nowhere: wrong peer, wrong offer, wrong sender, too late', () => {
    const room = swarm('ann', 'ben', 'eve');
    room.say('ann', announce('ann', { count: 2 }));
    room.clear();
    room.say('ben', answer('ben', { peer: peerId('eve'), offer: offerId('ann0') }));
    room.say('ben', answer('ben', { peer: peerId('ann'), offer: offerId('ann9') }));
    room.say('eve', answer('ben', { peer: peerId('ann'), offer: offerId('ann0') }));
    room.say('eve', answer('ben', { peer: peerId('ann'), offer: offerId('ann1') }));
    room.pass(60_000);
    for (const offer of ['ann0', 'ann1'])
      room.say('ben', answer('ben', { peer: peerId('ann'), offer: offerId(offer) }));
    expect(room.received('ann')).toEqual([]);
    expect(room.closed.size).toBe(0);
  });

  it('keeps only so many unanswered offers to one peer, the newest', () => {
    const room = new Room({ limits: { pendingOffers: 2 } });
    for (const name of ['ann', 'ben']) {
      room.connect(name);
      room.say(name, announce(name));
    }
    for (const count of ['a', 'b', 'c'])
      room.say('ann', {
        ...announce('ann', { numwant: 1 }),
        offers: [{ offer_id: offerId(count), offer: { type: 'offer', sdp: '' } }],
      });
    room.clear();
    for (const count of ['a', 'b', 'c'])
      room.say('ben', answer('ben', { peer: peerId('ann'), offer: offerId(count) }));
    expect(room.received('ann')).toMatchObject([
      { offer_id: offerId('b') },
      { offer_id: offerId('c') },
    ]);
  });
});

describe('peer ids', () => {
  it('TRK-2 stopped with the peer_id of another is refused and changes nothing for its owner', () => {
    const room = swarm('ann', 'eve');
    room.say('eve', announce('ann', { event: 'stopped' }));
    expect(room.received('eve')).toEqual([
      {
        action: 'announce',
        info_hash: HASH,
        'failure reason': 'peer_id belongs to another connection',
      },
    ]);
    expect(room.core.swarmSize(HASH)).toBe(2);
    room.say('eve', announce('eve', { count: 1 }));
    expect(offers(room, 'ann')).toHaveLength(1);
  });

  it('TRK-2 announce with the peer_id of another is refused: the owner keeps its offers, in every swarm', () => {
    const room = swarm('ann', 'eve', 'ben');
    room.say('eve', announce('ann'));
    room.say('eve', announce('ann', { info_hash: OTHER_HASH }));
    expect(room.core.swarmSize(OTHER_HASH)).toBe(0);
    for (let i = 0; i < 3; i++) room.say('ben', announce('ben', { count: 2 }));
    expect(offers(room, 'ann').length).toBe(3);
    expect(offers(room, 'eve').length).toBe(3);
  });

  it('TRK-2 a peer_id is free again when its socket closed', () => {
    const room = swarm('ann');
    room.connect('again');
    room.say('again', announce('ann'));
    expect(room.received('again')).toMatchObject([
      { 'failure reason': expect.any(String) as unknown },
    ]);
    room.close('ann');
    room.say('again', announce('ann'));
    expect(room.received('again')[1]).toMatchObject({ interval: 120 });
  });

  it('one connection has at most 16 of them, and 300 leave no ghosts', () => {
    const room = swarm('ann');
    for (let i = 0; i < 300; i++) {
      room.pass(200);
      room.say('ann', announce(`ghost${i}`));
    }
    expect(room.core.swarmSize(HASH)).toBe(8);
    expect(room.received('ann').filter((message) => 'failure reason' in message)).toHaveLength(285);
    room.close('ann');
    expect(room.core.swarmSize(HASH)).toBe(0);
    expect(room.core.totals().swarms).toBe(0);
  });
});

describe('swarms', () => {
  it('TRK-11 stopped and closing leave at once, and an empty swarm is freed', () => {
    const room = swarm('ann', 'ben');
    room.say('ann', announce('ann', { event: 'stopped' }));
    expect(room.received('ann')).toMatchObject([{ complete: 0, incomplete: 1 }]);
    room.close('ben');
    expect(room.core.totals().swarms).toBe(0);
  });

  it('a ninth swarm of one connection takes the place of the one it announced least recently', () => {
    const room = swarm('ann');
    const hash = (i: number): string => String(i).padStart(20, '0');
    for (let i = 0; i < 7; i++) room.say('ann', announce('ann', { info_hash: hash(i) }));
    room.say('ann', announce('ann'));
    room.say('ann', announce('ann', { info_hash: hash(7) }));
    expect(room.core.swarmSize(hash(0))).toBe(0);
    for (const kept of [HASH, hash(1), hash(6), hash(7)]) expect(room.core.swarmSize(kept)).toBe(1);
    expect(room.core.totals().swarms).toBe(8);
  });

  it('a membership that is not announced again ends after two and a half intervals', () => {
    const room = swarm('ann');
    room.say('ann', announce('ann', { info_hash: OTHER_HASH }));
    room.pass(299_000);
    room.say('ann', announce('ann'));
    room.pass(1_000);
    expect(room.core.swarmSize(OTHER_HASH)).toBe(0);
    expect(room.core.swarmSize(HASH)).toBe(1);
  });

  it('no more swarms are opened than the tracker holds', () => {
    const room = new Room({ limits: { swarms: 1 } });
    room.connect('ann');
    room.say('ann', announce('ann'));
    room.say('ann', announce('ann', { info_hash: OTHER_HASH }));
    expect(room.received('ann')[1]).toMatchObject({
      action: 'announce',
      info_hash: OTHER_HASH,
      'failure reason': 'too many swarms',
    });
    expect(room.core.totals().swarms).toBe(1);
  });

  it('a scrape names what it wants; one for everything closes the connection', () => {
    const room = swarm('ann', 'eve', 'eva');
    room.say('ann', { action: 'scrape', info_hash: [HASH, OTHER_HASH] });
    expect(room.received('ann', 'scrape')).toEqual([
      {
        action: 'scrape',
        files: {
          [HASH]: { complete: 0, incomplete: 3, downloaded: 0 },
          [OTHER_HASH]: { complete: 0, incomplete: 0, downloaded: 0 },
        },
      },
    ]);
    room.say('eve', { action: 'scrape' });
    room.say('eva', { action: 'scrape', info_hash: Array<string>(65).fill(HASH) });
    expect([...room.closed.keys()]).toEqual(['eve', 'eva']);
  });

  it('counts the viewers of the channel that the tracker URL names', () => {
    const room = new Room();
    room.connect('ann', { channel: DEMO });
    room.connect('ben', { channel: DEMO });
    for (const name of ['ann', 'ben']) room.say(name, announce(name));
    expect(room.core.channel(DEMO)).toMatchObject({ viewers: 2, webTorrent: 2, shoal: 0 });
    room.close('ann');
    room.close('ben');
    expect(room.core.channel(DEMO)?.webTorrent).toBe(0);
  });
});

describe('shape', () => {
  const offer = { offer_id: offerId('x'), offer: { type: 'offer', sdp: 'v=0' } };
  it.each([
    ['an offer of null', { offers: [null] }],
    ['offers that are no array', { offers: 'five' }],
    ['eleven offers', { offers: Array(11).fill(offer) }],
    ['an offer without SDP', { offers: [{ ...offer, offer: { type: 'offer' } }] }],
    ['an SDP that is an answer', { offers: [{ ...offer, offer: { type: 'answer', sdp: '' } }] }],
    [
      'an SDP above 8 KiB',
      { offers: [{ ...offer, offer: { type: 'offer', sdp: 'v'.repeat(LIMITS.sdpBytes + 1) } }] },
    ],
    ['an offer id that is too long', { offers: [{ ...offer, offer_id: 'x'.repeat(21) }] }],
    ['an info hash of 19 characters', { info_hash: 'x'.repeat(19) }],
    ['an info hash beyond Latin-1', { info_hash: 'ж'.repeat(20) }],
    ['a peer id that is a number', { peer_id: 20 }],
    ['an answer without its offer', { answer: { type: 'answer', sdp: '' } }],
    ['an answer of a string', { answer: 'yes', to_peer_id: peerId('b'), offer_id: offerId('b') }],
  ])('TRK-3 %s closes the connection and leaves the other peer alone', (_, fields) => {
    const room = swarm('ann', 'eve');
    room.say('eve', { ...announce('eve'), ...fields });
    expect([...room.closed.keys()]).toEqual(['eve']);
    expect(room.received('ann')).toEqual([]);
    expect(room.received('eve')).toEqual([]);
  });

  it('takes odd events for the nearest valid one, and passes on nothing that it does not know', () => {
    const room = swarm('ann', 'ben');
    const odd = { type: 'offer', sdp: 'v=0', extra: 'x'.repeat(100) };
    const fields = {
      event: 'paused',
      numwant: 'many',
      left: null,
      offers: [{ ...offer, offer: odd }],
    };
    room.say('ann', announce('ann', fields));
    expect(offers(room, 'ben')).toMatchObject([{ offer: { type: 'offer', sdp: 'v=0' } }]);
    expect(JSON.stringify(offers(room, 'ben'))).not.toContain('extra');
  });
});
