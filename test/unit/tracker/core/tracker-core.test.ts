import { CLOSE } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { DEMO, Room } from '../tracker-room.ts';
import { announce, HASH } from './web-torrent/stock-message.ts';

describe('dialects', () => {
  it('TRK-1 a first message join begins the Shoal dialect, which refuses the other one', () => {
    const room = new Room();
    room.join('ann');
    expect(room.received('ann', 'welcome')).toMatchObject([
      { version: 1, channel: 'demo', viewers: 1 },
    ]);
    room.say('ann', announce('ann'));
    expect(room.received('ann', 'error')).toMatchObject([{ code: 'bad-message' }]);
    expect(room.closed.get('ann')?.code).toBe(CLOSE.protocolViolation);
  });

  it('TRK-1 a socket of the WebTorrent dialect is sent no other action, not even when it is closed', () => {
    const room = new Room();
    room.connect('stock');
    room.say('stock', announce('stock'));
    room.say('stock', { action: 'scrape', info_hash: HASH });
    room.say('stock', { action: 'join', version: 1, channel: 'demo', shares: true });
    expect(room.received('stock').map(({ action }) => action)).toEqual(['announce', 'scrape']);
    expect(room.closed.get('stock')?.code).toBe(CLOSE.protocolViolation);
  });

  it('TRK-1 scrape begins the WebTorrent dialect as well', () => {
    const room = new Room();
    room.connect('stock');
    room.say('stock', { action: 'scrape', info_hash: [HASH] });
    room.say('stock', announce('stock'));
    expect(room.received('stock')).toMatchObject([
      { action: 'scrape', files: { [HASH]: { complete: 0, incomplete: 0, downloaded: 0 } } },
      { action: 'announce', interval: 120, complete: 0, incomplete: 1 },
    ]);
  });

  it.each([null, 7, 'join', [], {}, { action: 'welcome' }, { action: ['join'] }])(
    'TRK-3 a first message that is neither closes the connection without a word: %j',
    (value) => {
      const room = new Room();
      room.connect('odd');
      room.say('odd', value);
      expect(room.closed.get('odd')?.code).toBe(CLOSE.protocolViolation);
      expect(room.received('odd')).toEqual([]);
      expect(room.core.totals().connections).toBe(0);
    },
  );

  it.each(['update', 'signal', 'leave'])('TRK-1 %s before join is an error', (action) => {
    const room = new Room();
    room.connect('ann');
    room.say('ann', { action, to: 'x', session: 's', signal: { kind: 'offer', sdp: '' } });
    expect(room.received('ann')).toMatchObject([{ action: 'error' }]);
    expect(room.closed.has('ann')).toBe(true);
  });
});

describe('bad input', () => {
  it('TRK-3 a message that does not parse closes its own socket and touches nobody else', () => {
    const room = new Room();
    room.join('ann');
    room.join('eve');
    room.clear();
    room.say('eve', { action: 'update', rendition: '../' });
    expect([...room.closed.keys()]).toEqual(['eve']);
    expect(room.received('eve', 'error')).toMatchObject([{ code: 'bad-message' }]);
    expect(room.core.channel(DEMO)?.viewers).toBe(1);
  });

  it('TRK-3 text that is no JSON closes the socket', () => {
    const room = new Room();
    room.join('ann');
    room.step({ type: 'malformed', from: 'ann' });
    expect(room.closed.get('ann')?.code).toBe(CLOSE.protocolViolation);
  });

  it('TRK-3 the Shoal dialect takes 32 KiB, the WebTorrent dialect 64 KiB, and no more (LIM-5)', () => {
    const room = new Room();
    const leave = { action: 'leave' };
    room.join('ann');
    room.say('ann', leave, 32_769);
    expect(room.closed.get('ann')?.reason).toBe('message too large');
    room.connect('big');
    room.say('big', { action: 'join', version: 1, channel: 'demo', shares: true }, 32_769);
    expect(room.closed.has('big')).toBe(true);
    room.connect('stock');
    room.say('stock', announce('stock'), 65_536);
    expect(room.closed.has('stock')).toBe(false);
    room.say('stock', announce('stock'), 65_537);
    expect(room.closed.has('stock')).toBe(true);
  });

  it('what a closed connection still says is ignored', () => {
    const room = new Room();
    room.join('ann');
    room.close('ann');
    room.say('ann', { action: 'leave' });
    room.step({ type: 'malformed', from: 'ann' });
    room.close('ann');
    expect(room.last).toEqual([]);
  });
});

describe('rates and time-outs', () => {
  it('TRK-13 messages beyond 5 a second and a burst of 20 close the socket', () => {
    const room = new Room();
    room.join('ann');
    for (let i = 0; i < 19; i++) room.update('ann');
    expect(room.closed.has('ann')).toBe(false);
    room.now += 200;
    room.update('ann');
    expect(room.closed.has('ann')).toBe(false);
    room.update('ann');
    expect(room.received('ann', 'error')).toMatchObject([{ code: 'too-many-messages' }]);
    expect(room.closed.get('ann')?.code).toBe(CLOSE.overload);
  });

  it('TRK-13 signals have a budget of their own, which eight introductions at once do not use up', () => {
    const room = new Room();
    room.join('ann');
    const candidate = { kind: 'candidate', candidate: 'c', sdpMid: null, sdpMLineIndex: 0 };
    const signal = { action: 'signal', to: 'nobody', session: 's', signal: candidate };
    // 12 neighbours and 40 signals each is the most an honest browser can send.
    for (let i = 0; i < 480; i++) room.say('ann', signal);
    room.update('ann');
    expect(room.closed.has('ann')).toBe(false);
    for (let i = 0; i < 30; i++) room.say('ann', signal);
    expect(room.closed.get('ann')?.code).toBe(CLOSE.overload);
  });

  it('TRK-13 a stock client that floods is closed without a word it does not know', () => {
    const room = new Room();
    room.connect('stock');
    for (let i = 0; i < 30; i++) room.say('stock', announce('stock'));
    expect(room.closed.get('stock')?.code).toBe(CLOSE.overload);
    expect(new Set(room.received('stock').map(({ action }) => action))).toEqual(
      new Set(['announce']),
    );
  });

  it('a connection that says nothing for 10 s is closed, one that joined is not', () => {
    const room = new Room();
    room.connect('mute');
    room.join('ann');
    room.pass(9_000);
    expect(room.closed.size).toBe(0);
    room.pass(1_000);
    expect([...room.closed]).toEqual([['mute', expect.objectContaining({ code: CLOSE.timeout })]]);
  });

  it('a viewer that sends no update for 90 s is closed and forgotten', () => {
    const room = new Room();
    room.join('ann');
    room.pass(60_000);
    room.update('ann');
    room.pass(89_000);
    expect(room.closed.size).toBe(0);
    room.pass(1_000);
    expect(room.closed.get('ann')?.code).toBe(CLOSE.timeout);
    expect(room.core.totals()).toEqual({ connections: 0, channels: 0, swarms: 0 });
  });

  it('asks for a tick while anybody is connected, and for none otherwise', () => {
    const room = new Room();
    expect(room.core.deadline()).toBeUndefined();
    room.connect('ann');
    expect(room.core.deadline()).toBe(room.now + 1_000);
    room.pass(1_000);
    expect(room.core.deadline()).toBe(room.now + 1_000);
    room.close('ann');
    expect(room.core.deadline()).toBeUndefined();
  });
});

describe('status', () => {
  it('counts viewers of both dialects, by rendition and by what they do', () => {
    const room = new Room();
    room.join('ann');
    room.join('ben', { shares: false });
    room.update('ann', { lo: 5, hi: 9 });
    room.connect('stock', { channel: DEMO });
    room.say('stock', announce('stock'));
    room.segment(10);
    expect(room.core.channel(DEMO)).toEqual({
      channel: 'demo',
      viewers: 3,
      shoal: 2,
      sharing: 1,
      webTorrent: 1,
      renditions: [{ rendition: 'source', viewers: 1, holders: 1 }],
      introductions: 1,
      segments: 1,
    });
    expect(room.core.totals()).toEqual({ connections: 3, channels: 1, swarms: 1 });
    for (const name of ['ann', 'ben', 'stock']) room.close(name);
    expect(room.core.channel(DEMO)).toMatchObject({ viewers: 0, introductions: 0 });
  });

  it('knows no channel that the host does not allow', () => {
    const room = new Room({ channels: (id) => id !== DEMO });
    expect(room.core.channel(DEMO)).toBeUndefined();
    room.join('ann');
    expect(room.received('ann', 'error')).toMatchObject([{ code: 'unknown-channel' }]);
    expect(room.closed.get('ann')?.code).toBe(CLOSE.refused);
    room.connect('stock', { channel: DEMO });
    room.say('stock', announce('stock'));
    expect(room.closed.get('stock')?.code).toBe(CLOSE.refused);
  });
});
