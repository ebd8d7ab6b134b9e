import { type ChannelId, CLOSE, parseChannelId, unwrap } from '@shoal/protocol';
import { ownerOf, type TrackerNode } from '@shoal/tracker/core';
import { describe, expect, it } from 'vitest';
import { DEMO, Room } from '../tracker-room.ts';
import { announce } from './web-torrent/stock-message.ts';

const NODES: readonly TrackerNode[] = ['a', 'b', 'c'].map((id) => ({ id, url: `ws://${id}/` }));
const CHANNELS: readonly ChannelId[] = Array.from({ length: 3_000 }, (_, i) =>
  unwrap(parseChannelId(`channel-${String(i)}`)),
);

function at(channel: string, nodes = NODES): string {
  return ownerOf(channel, nodes)?.id ?? '';
}

/** A node that has the demo channel, and one that has not. */
const [HOME, AWAY] = [at('demo'), at('demo') === 'a' ? 'b' : 'a'];

describe('TRK-26 rendezvous', () => {
  it('deals channels out evenly, the same whatever the order of the nodes', () => {
    const counts = new Map<string, number>();
    for (const channel of CHANNELS) {
      const owner = at(channel);
      expect(at(channel, [...NODES].reverse())).toBe(owner);
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(100);
  });

  it('moves only the channels of a node that goes, or that one that comes gets', () => {
    const [gone, ...left] = NODES;
    for (const channel of CHANNELS)
      if (at(channel) !== gone?.id) expect(at(channel, left)).toBe(at(channel));
    expect(ownerOf('demo', [])).toBeUndefined();
  });
});

describe('TRK-26 nodes', () => {
  it('a viewer that joins elsewhere is sent to the node that has its channel', () => {
    const room = new Room();
    room.step({ type: 'nodes', self: AWAY, nodes: NODES });
    expect(room.join('ann')).toBe('');
    expect(room.received('ann')).toEqual([{ action: 'moved', url: `ws://${HOME}/` }]);
    expect(room.closed.get('ann')?.code).toBe(CLOSE.moved);
    const home = new Room();
    home.step({ type: 'nodes', self: HOME, nodes: NODES });
    expect(home.join('ann')).not.toBe('');
  });

  it('a stock client is carried there, unless another node carries it here', () => {
    const room = new Room();
    room.step({ type: 'nodes', self: AWAY, nodes: NODES });
    room.connect('stock', { channel: DEMO });
    room.say('stock', announce('stock'));
    expect(room.last).toEqual([
      { type: 'relay', of: 'stock', to: `ws://${HOME}/`, message: announce('stock') },
    ]);
    expect(room.core.totals().connections).toBe(0);
    room.connect('relayed', { channel: DEMO, relayed: true });
    room.say('relayed', announce('relayed'));
    expect(room.received('relayed', 'announce')).toHaveLength(1);
  });

  it('swarms of no channel are all at one node', () => {
    const home = at('');
    for (const { id } of NODES) {
      const room = new Room();
      room.step({ type: 'nodes', self: id, nodes: NODES });
      room.connect('stock');
      room.say('stock', announce('stock'));
      expect(room.last.some(({ type }) => type === 'relay')).toBe(id !== home);
    }
  });

  it('when a channel goes elsewhere its viewers follow within two seconds, not all at once', () => {
    const room = new Room();
    room.step({ type: 'nodes', self: HOME, nodes: NODES });
    const names = Array.from({ length: 40 }, (_, i) => `v${String(i)}`);
    for (const name of names) room.join(name);
    room.connect('stock', { channel: DEMO });
    room.say('stock', announce('stock'));
    room.step({ type: 'nodes', self: HOME, nodes: NODES.filter(({ id }) => id !== HOME) });
    expect(room.closed.size).toBe(0);
    room.pass(1_000);
    expect(room.closed.size).toBeGreaterThan(5);
    expect(room.closed.size).toBeLessThan(36);
    room.pass(2_000);
    expect(room.closed.size).toBe(41);
    for (const name of names) expect(room.received(name, 'moved')).toHaveLength(1);
    expect(room.received('stock').map(({ action }) => action)).toEqual(['announce']);
  });

  it('a channel that comes back before they have gone stays', () => {
    const room = new Room();
    room.step({ type: 'nodes', self: HOME, nodes: NODES });
    room.join('ann');
    room.step({ type: 'nodes', self: HOME, nodes: NODES.filter(({ id }) => id !== HOME) });
    room.step({ type: 'nodes', self: HOME, nodes: NODES });
    room.pass(5_000);
    expect(room.closed.size).toBe(0);
  });

  it('the last node keeps everybody until it closes', () => {
    const room = new Room();
    room.step({ type: 'nodes', self: HOME, nodes: [] });
    room.join('ann');
    room.pass(5_000);
    expect(room.closed.size).toBe(0);
  });
});
