import { LIMITS } from '@shoal/protocol';
import { TRACKER_LIMITS } from '@shoal/tracker/core';
import { expect, it } from 'vitest';
import { DEMO, Room } from '../tracker-room.ts';
import { announce, HASH, OTHER_HASH } from './web-torrent/stock-message.ts';

const STEPS = 5_000;
const RENDITIONS = ['source', '720p', '360p'];

/** A crowd that does everything at random; it knows what the tracker ought to know of it. */
class Crowd {
  readonly room: Room;
  readonly shoal = new Set<string>();
  /** By name and info hash: when it was announced. */
  readonly stock = new Map<string, Map<string, number>>();
  /** Unordered pairs that were introduced, with how often each side was told of the session. */
  readonly sessions = new Map<string, Set<string>>();
  #born = 0;
  #msn = 10;

  constructor(seed: number) {
    this.room = new Room({ seed });
  }

  act(): void {
    const { room } = this;
    const dice = room.random();
    room.now += Math.floor(room.random() * 400);
    const viewer = this.#any(this.shoal);
    if (dice < 0.12 && this.shoal.size < 80) {
      const name = `v${++this.#born}`;
      if (room.join(name, { shares: room.random() < 0.8 }) !== '') this.shoal.add(name);
    } else if (dice < 0.18 && viewer !== undefined) {
      if (room.random() < 0.5) room.say(viewer, { action: 'leave' });
      else room.close(viewer);
      this.shoal.delete(viewer);
    } else if (dice < 0.55 && viewer !== undefined) this.#update(viewer);
    else if (dice < 0.75 && viewer !== undefined) this.#signal(viewer);
    else if (dice < 0.9) this.#stock();
    else if (dice < 0.97) room.segment(++this.#msn);
    else room.step({ type: 'tick' });
    this.#watch();
  }

  #update(viewer: string): void {
    const { room } = this;
    const next = this.#msn - Math.floor(room.random() * 12) + 1;
    const known = room.received(viewer, 'introduce').slice(-6);
    const peers = known.map(({ peer }) => ({ peer, bytes: Math.floor(room.random() * 1e6) }));
    const bad = known.slice(0, 1).map(({ peer }) => ({
      peer,
      reason: room.random() < 0.1 ? 'corrupt' : 'unreachable',
    }));
    room.update(viewer, {
      rendition: RENDITIONS[Math.floor(room.random() * 3)],
      lo: Math.max(0, next - 8),
      hi: room.random() < 0.2 ? -1 : next - 1,
      next: Math.max(0, next),
      neighbours: Math.floor(room.random() * 12),
      want: Math.floor(room.random() * 9),
      shares: room.random() < 0.8,
      received: peers,
      bad: room.random() < 0.1 ? bad : [],
    });
  }

  #signal(viewer: string): void {
    const { room } = this;
    const [intro] = room.received(viewer, 'introduce').slice(-1);
    if (intro === undefined) return;
    const signal = { kind: 'offer', sdp: 'v=0' };
    room.say(viewer, { action: 'signal', to: intro.peer, session: intro.session, signal });
  }

  #stock(): void {
    const { room } = this;
    const name = this.#any(new Set(this.stock.keys()));
    const hash = room.random() < 0.5 ? HASH : OTHER_HASH;
    if (name === undefined || (room.random() < 0.3 && this.stock.size < 40)) {
      const born = `s${++this.#born}`;
      room.connect(born);
      room.say(born, announce(born, { info_hash: hash, count: 5 }));
      this.stock.set(born, new Map([[hash, room.now]]));
    } else if (room.random() < 0.25) {
      room.close(name);
      this.stock.delete(name);
    } else {
      const stopped = room.random() < 0.3;
      const event = stopped ? 'stopped' : undefined;
      room.say(name, announce(name, { info_hash: hash, count: 5, event }));
      if (stopped) this.stock.get(name)?.delete(hash);
      else this.stock.get(name)?.set(hash, room.now);
    }
  }

  #any(names: Set<string>): string | undefined {
    return [...names][Math.floor(this.room.random() * names.size)];
  }

  /** Takes note of what the tracker did by itself. */
  #watch(): void {
    for (const effect of this.room.last) {
      if (effect.type === 'close') {
        this.shoal.delete(effect.to);
        this.stock.delete(effect.to);
      }
      if (effect.type !== 'send' || effect.message.action !== 'introduce') continue;
      const told = this.sessions.get(effect.message.session) ?? new Set();
      told.add(`${effect.to}>${this.room.nameOf(effect.message.peer)}`);
      this.sessions.set(effect.message.session, told);
    }
  }
}

it.each([1, 2, 3, 4])('a random crowd never breaks the books of the tracker (seed %i)', (seed) => {
  const crowd = new Crowd(seed);
  const { room } = crowd;
  for (let step = 0; step < STEPS; step++) {
    crowd.act();
    const status = room.core.channel(DEMO);
    expect(status?.shoal).toBe(crowd.shoal.size);
    expect(status?.sharing).toBeLessThanOrEqual(crowd.shoal.size);
    const inRenditions = status?.renditions.reduce((sum, { viewers }) => sum + viewers, 0) ?? 0;
    expect(inRenditions).toBeLessThanOrEqual(crowd.shoal.size);
    for (const { viewers, holders } of status?.renditions ?? []) {
      expect(viewers).toBeGreaterThan(0);
      expect(holders).toBeLessThanOrEqual(viewers);
    }
    for (const hash of [HASH, OTHER_HASH]) {
      const announced = [...crowd.stock.values()].flatMap((hashes) => hashes.get(hash) ?? []);
      const fresh = announced.filter((at) => room.now - at < TRACKER_LIMITS.announceExpiryMs);
      expect(room.core.swarmSize(hash)).toBeLessThanOrEqual(announced.length);
      expect(room.core.swarmSize(hash)).toBeGreaterThanOrEqual(fresh.length);
    }
    expect(room.core.totals().connections).toBe(crowd.shoal.size + crowd.stock.size);
  }
  // Told to both, under each other's names; nobody was introduced to itself.
  for (const told of crowd.sessions.values()) {
    expect(told.size).toBe(2);
    const [one = '', other = ''] = told;
    expect(one.split('>').reverse().join('>')).toBe(other);
  }
  for (const name of [...crowd.shoal, ...crowd.stock.keys()]) room.close(name);
  expect(room.core.totals()).toEqual({ connections: 0, channels: 0, swarms: 0 });
});

/** Viewers that join one after the other, each asking for neighbours at once. */
function crowd(of: { seed: number; viewers: number; everyMs: number; want: number }): {
  readonly room: Room;
  readonly names: readonly string[];
} {
  const room = new Room({ seed: of.seed });
  const names = Array.from({ length: of.viewers }, (_, i) => `v${i}`);
  for (const name of names) {
    room.now += of.everyMs;
    room.join(name);
    room.update(name, { want: of.want });
  }
  return { room, names };
}

it('LIM-8 in a crowd that joins at once, everybody is introduced to at least 4 and at most 12', () => {
  const { room, names } = crowd({ seed: 5, viewers: 500, everyMs: 5, want: 8 });
  const counts = names.map((name) => room.introduced(name).length);
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(4);
  expect(Math.max(...counts)).toBeLessThanOrEqual(LIMITS.maxNeighbours);
});

it('TRK-12 of 10,000 viewers that join one channel within 10 s all are counted, and after one interval all have been introduced', () => {
  const { room, names } = crowd({ seed: 6, viewers: 10_000, everyMs: 1, want: 3 });
  room.pass(10_000);
  for (const name of names) {
    const neighbours = room.introduced(name).length;
    room.update(name, { neighbours, want: Math.max(0, Math.min(3, 8 - neighbours)) });
  }
  room.segment(11);
  for (const name of names) {
    expect(room.received(name, 'segment')[0]?.viewers).toBe(names.length);
    expect(room.introduced(name).length).toBeGreaterThanOrEqual(3);
  }
});
