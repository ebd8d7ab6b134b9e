import { type ChannelId, CLOSE, parseChannelId, unwrap } from '@shoal/protocol';
import { type Grant, TRACKER_LIMITS } from '@shoal/tracker/core';
import { describe, expect, it } from 'vitest';
import { DEMO, Room } from '../tracker-room.ts';
import { announce, HASH } from './web-torrent/stock-message.ts';

const OTHER: ChannelId = unwrap(parseChannelId('other'));

function grant(room: Room, fields: Partial<Grant> = {}): Grant {
  return { channel: DEMO, viewer: 'ann', expiresAt: room.now + 300_000, ...fields };
}

function verified(room: Room, name: string, fields: Partial<Grant> | undefined): void {
  room.step({ type: 'verified', from: name, grant: fields && grant(room, fields) });
}

describe('TRK-22 a token', () => {
  it('admits to its own channel, and to no other', () => {
    const room = new Room();
    expect(room.join('ann', { grant: grant(room) })).not.toBe('');
    expect(room.join('eve', { grant: grant(room, { viewer: 'eve' }), in: 'other' })).toBe('');
    expect(room.received('eve')).toMatchObject([{ action: 'error', code: 'unauthorized' }]);
    expect(room.closed.get('eve')?.code).toBe(CLOSE.unauthorized);
  });

  it('admits stock clients to swarms of its channel alone, under whichever info hash', () => {
    const room = new Room();
    const names = ['ann', 'ben', 'eve'];
    for (const [name, channel] of [
      ['ann', DEMO],
      ['ben', DEMO],
      ['eve', OTHER],
    ] as const) {
      room.connect(name, { grant: grant(room, { channel, viewer: name }) });
      room.say(name, announce(name));
    }
    expect(names.map((name) => room.received(name, 'announce')[0])).toMatchObject([
      { incomplete: 1 },
      { incomplete: 2 },
      { incomplete: 1 },
    ]);
    room.say('eve', { action: 'scrape', info_hash: HASH });
    expect(room.received('eve', 'scrape')).toMatchObject([
      { files: { [HASH]: { incomplete: 1 } } },
    ]);
    expect(room.core.channel(DEMO)?.webTorrent).toBe(2);
    for (const name of names) room.close(name);
    expect(room.core.totals()).toEqual({ connections: 0, channels: 0, swarms: 0 });
  });

  it('for one channel does not go with a URL that names another, and stock clients hear no foreign action', () => {
    const room = new Room();
    room.connect('stock', { grant: grant(room), channel: OTHER });
    room.say('stock', announce('stock'));
    expect(room.received('stock')).toEqual([]);
    expect(room.closed.get('stock')?.code).toBe(CLOSE.unauthorized);
  });

  it('that has expired, or of a viewer with too many connections, opens nothing', () => {
    const room = new Room({ limits: { connectionsPerViewer: 2 } });
    room.connect('late', { grant: grant(room, { expiresAt: room.now }) });
    expect(room.closed.get('late')?.code).toBe(CLOSE.unauthorized);
    for (const name of ['a', 'b', 'c']) room.connect(name, { grant: grant(room) });
    expect([...room.closed.keys()]).toEqual(['late', 'c']);
    expect(room.closed.get('c')?.code).toBe(CLOSE.overload);
    room.close('a');
    room.connect('d', { grant: grant(room) });
    expect(room.closed.has('d')).toBe(false);
  });
});

describe('TRK-23 renewal', () => {
  it('is asked for a minute before the end, and keeps the viewer where it is', () => {
    const room = new Room({ limits: { silentMs: 10_000_000 } });
    room.join('ann', { grant: grant(room) });
    room.update('ann');
    room.pass(230_000);
    for (let i = 0; i < 3; i++) room.update('ann');
    expect(room.received('ann', 'renew')).toEqual([]);
    room.pass(12_000);
    expect(room.received('ann', 'renew')).toHaveLength(1);
    room.say('ann', { action: 'renew', token: 'fresh' });
    expect(room.toVerify).toEqual([{ type: 'verify', of: 'ann', token: 'fresh' }]);
    verified(room, 'ann', {});
    for (let i = 0; i < 10; i++) {
      room.pass(20_000);
      room.update('ann');
    }
    expect(room.closed.has('ann')).toBe(false);
    expect(room.received('ann', 'renew')).toHaveLength(1);
  });

  it('that does not come ends the connection', () => {
    const room = new Room({ limits: { silentMs: 10_000_000 } });
    room.join('ann', { grant: grant(room) });
    room.pass(299_000);
    expect(room.closed.has('ann')).toBe(false);
    room.pass(2_000);
    expect(room.received('ann', 'error')).toMatchObject([{ code: 'token-expired' }]);
    expect(room.closed.get('ann')?.code).toBe(CLOSE.unauthorized);
    expect(room.core.totals().connections).toBe(0);
  });

  it.each([
    ['does not verify', undefined],
    ['is of another viewer', { viewer: 'ben' }],
    ['is for another channel', { channel: OTHER }],
    ['has expired', { expiresAt: 0 }],
  ])('with a token that %s ends it, too', (_, fields) => {
    const room = new Room();
    room.join('ann', { grant: grant(room) });
    room.say('ann', { action: 'renew', token: 'x' });
    verified(room, 'ann', fields);
    expect(room.closed.get('ann')?.code).toBe(CLOSE.unauthorized);
  });

  it('is checked one at a time; without tokens there is nothing to renew', () => {
    const room = new Room();
    room.join('ann', { grant: grant(room) });
    for (let i = 0; i < 3; i++) room.say('ann', { action: 'renew', token: 'x' });
    room.join('ben');
    room.say('ben', { action: 'renew', token: 'x' });
    expect(room.toVerify).toHaveLength(1);
    // Answers that come after the end change nothing.
    room.close('ann');
    verified(room, 'ann', {});
    verified(room, 'nobody', {});
    expect(room.closed.size).toBe(0);
  });

  it.each([{}, { token: 7 }, { token: '' }, { token: 'x'.repeat(4_097) }])(
    'LIM-15 that is none is a bad message: %j',
    (fields) => {
      const room = new Room();
      room.join('ann', { grant: grant(room) });
      room.say('ann', { action: 'renew', ...fields });
      expect(room.received('ann', 'error')).toMatchObject([{ code: 'bad-message' }]);
    },
  );

  it('of a short token is asked for when half of it is over', () => {
    const room = new Room();
    room.join('ann', { grant: grant(room, { expiresAt: room.now + 40_000 }) });
    room.pass(18_000);
    expect(room.received('ann', 'renew')).toEqual([]);
    room.pass(3_000);
    expect(room.received('ann', 'renew')).toHaveLength(1);
  });

  it('is nothing that stock clients can do: they stay for a session', () => {
    const room = new Room({ limits: { stockSessionMs: 1_000_000 } });
    room.connect('stock', { grant: grant(room) });
    for (let i = 0; i < 9; i++) {
      room.say('stock', announce('stock'));
      room.pass(110_000);
    }
    expect(room.closed.has('stock')).toBe(false);
    room.pass(20_000);
    expect(room.closed.get('stock')?.code).toBe(CLOSE.unauthorized);
    expect(new Set(room.received('stock').map(({ action }) => action))).toEqual(
      new Set(['announce']),
    );
  });
});

describe('TRK-24 revocation', () => {
  it('closes all connections of the viewer in the channel, and refuses its tokens until they have expired', () => {
    const room = new Room();
    room.join('tab1', { grant: grant(room) });
    room.join('tab2', { grant: grant(room) });
    room.join('elsewhere', { grant: grant(room, { channel: OTHER }), in: 'other' });
    room.join('ben', { grant: grant(room, { viewer: 'ben' }) });
    room.step({ type: 'revoke', channel: DEMO, viewer: 'ann' });
    expect([...room.closed.keys()]).toEqual(['tab1', 'tab2']);
    expect(room.received('tab1', 'error')).toMatchObject([{ code: 'revoked' }]);
    room.connect('again', { grant: grant(room) });
    expect(room.closed.get('again')).toMatchObject({ code: CLOSE.unauthorized, reason: 'revoked' });
    room.now += TRACKER_LIMITS.revokedMs;
    room.connect('later', { grant: grant(room) });
    expect(room.closed.has('later')).toBe(false);
  });

  it('holds for a token that is being checked', () => {
    const room = new Room();
    room.join('ann', { grant: grant(room) });
    room.say('ann', { action: 'renew', token: 'x' });
    room.close('ann');
    room.step({ type: 'revoke', channel: DEMO, viewer: 'ann' });
    room.connect('ann', { grant: grant(room) });
    verified(room, 'ann', {});
    expect(room.closed.has('ann')).toBe(true);
  });

  it('is remembered of so many; the oldest is forgotten first', () => {
    const room = new Room({ limits: { revocations: 2 } });
    for (const viewer of ['a', 'b', 'c']) room.step({ type: 'revoke', channel: DEMO, viewer });
    for (const viewer of ['a', 'b', 'c']) room.connect(viewer, { grant: grant(room, { viewer }) });
    expect([...room.closed.keys()]).toEqual(['b', 'c']);
  });
});

describe('TRK-25 the switch', () => {
  it('off: everybody of the channel is told and closed, nobody else, and nobody comes in', () => {
    const room = new Room();
    for (const name of ['ann', 'ben', 'cid']) room.join(name);
    room.join('else', { in: 'other' });
    room.connect('stock', { channel: DEMO });
    room.say('stock', announce('stock'));
    room.connect('unnamed');
    room.say('unnamed', announce('unnamed'));
    room.clear();
    room.step({ type: 'p2p', channel: DEMO, enabled: false });
    expect([...room.closed.keys()].sort()).toEqual(['ann', 'ben', 'cid', 'stock']);
    // Nobody is told who has gone or whom to meet instead.
    for (const name of ['ann', 'ben', 'cid'])
      expect(room.received(name)).toMatchObject([{ action: 'error', code: 'p2p-off' }]);
    expect(room.received('stock')).toEqual([]);
    expect(room.core.swarm(DEMO, room.now)).toMatchObject({ p2p: false, viewers: 0 });
    expect(room.join('dan')).toBe('');
    expect(room.received('dan')).toMatchObject([{ action: 'error', code: 'p2p-off' }]);
    room.connect('stock2', { channel: DEMO });
    room.say('stock2', announce('stock2'));
    expect(room.closed.get('stock2')?.code).toBe(CLOSE.refused);
  });

  it('on: they may come back, and meet', () => {
    const room = new Room();
    room.step({ type: 'p2p', channel: DEMO, enabled: false });
    room.step({ type: 'p2p', channel: DEMO, enabled: true });
    room.join('ann');
    room.join('ben');
    expect(room.introduced('ann')).toEqual(['ben']);
  });

  it('is remembered of so many channels', () => {
    const room = new Room({ limits: { channelsOff: 1 } });
    room.step({ type: 'p2p', channel: OTHER, enabled: false });
    room.step({ type: 'p2p', channel: DEMO, enabled: false });
    room.join('ann');
    expect(room.closed.has('ann')).toBe(false);
  });
});
