import { type ChannelId, parseChannelId, parseRenditionId, unwrap } from '@shoal/protocol';
import { TrackerCore } from '@shoal/tracker/core';
import { median } from '../../support/percentile.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/** What the tracker's choices are worth to a simulated audience. */
export type AudienceFigures = {
  readonly viewers: number;
  /** Of eight that a viewer is given when it asks: those that hold its next segment; viewers with none of them. */
  readonly asked: number;
  readonly askedNonePercent: number;
  /** Of eight neighbours, whoever asked for them, those that hold the viewer's next segment or need the same one; and of as many picked by chance. */
  readonly useful: number;
  readonly usefulByChance: number;
  /** Viewers without any such neighbour, in percent. */
  readonly nonePercent: number;
  readonly nonePercentByChance: number;
  /** CPU time that an update takes more when it asks for another neighbour: the choice, its books, and two messages. */
  readonly selectionUs: number;
};

const CHANNEL: ChannelId = unwrap(parseChannelId('audience'));
const NEIGHBOURS = 8;
const AT_A_TIME = 3;
const GATHER_MS = 120_000;
/** Segments that a viewer holds, behind the one it needs. */
const HELD = 8;
const EDGE = 10_000;
/** Half of the viewers watch the first, and so on. */
const RENDITIONS = [
  ['high', 0.5],
  ['middle', 0.3],
  ['low', 0.2],
] as const;
/** How far behind the edge viewers are, in segments: most live, some who paused, some in the recording. */
const BEHIND = [
  [0.7, 0, 3],
  [0.2, 3, 15],
  [0.1, 15, 300],
] as const;
const MEASURED = 2_000;
/** So often, of which the median counts: one garbage collection would double a single figure. */
const TIMES = 9;
const ASKERS = 200;
/** Viewers who join between two segment events; the edge itself stays where it is. */
const ANNOUNCED_EACH = 50;

type Seat = { readonly conn: number; readonly rendition: string; readonly next: number };

/**
 * Lets viewers join one after the other, each asking for three neighbours at a time until it has eight, as the SDK does, and looks
 * at whom they have. All connections come about.
 */
export function measureAudience(viewers: number, seed: number): AudienceFigures {
  const random = seededRandom(seed);
  let names = 0;
  const core = new TrackerCore<number>({ random, newId: () => `v${String(names++)}` });
  const seats = Array.from({ length: viewers }, (_, conn) => takeSeat(conn, random));
  const met = seats.map(() => new Set<number>());
  const byName = new Map<string, number>();
  let now = 1_000_000;
  const say = (conn: number, value: unknown): void => {
    for (const effect of core.step({ type: 'message', from: conn, value, bytes: 300 }, now)) {
      if (effect.type !== 'send') continue;
      const { message, to } = effect;
      if (message.action === 'welcome') byName.set(message.peer, to);
      if (message.action === 'introduce') met[to]?.add(byName.get(message.peer) ?? -1);
    }
  };
  const update = (seat: Seat, more = 0): void => {
    const neighbours = met[seat.conn]?.size ?? 0;
    say(seat.conn, {
      ...{ action: 'update', rendition: seat.rendition, epoch: 1, next: seat.next },
      ...{ lo: seat.next - HELD, hi: seat.next - 1, neighbours, shares: true },
      ...{
        want: Math.max(more, Math.min(AT_A_TIME, NEIGHBOURS - neighbours)),
        received: [],
        bad: [],
      },
    });
  };
  const announce = (): void => {
    for (const [rendition] of RENDITIONS) {
      const segment = {
        id: { rendition: unwrap(parseRenditionId(rendition)), epoch: 1, msn: EDGE },
        ...{ size: 750_000, durationMs: 2_000, root: 'A'.repeat(43) },
      };
      const event = { type: 'segment.ready', channel: CHANNEL, at: now, segment } as const;
      core.step({ type: 'origin-event', event }, now);
    }
  };
  // A crowd gathers over two minutes; whoever is there says where it is every ten seconds, and soon again while it lacks neighbours.
  const step = GATHER_MS / viewers;
  for (const { conn } of seats) {
    now += step;
    const own = { address: `a${String(conn)}`, network: `n${String(conn)}`, channel: undefined };
    core.step({ type: 'connected', from: conn, origin: own }, now);
    say(conn, { action: 'join', version: 1, channel: CHANNEL, shares: true });
    for (const earlier of [0, 2_000, 4_000, 10_000, 20_000]) {
      const seat = seats[conn - Math.floor(earlier / step)];
      if (seat !== undefined) update(seat);
    }
    if (conn % ANNOUNCED_EACH === 0) announce();
  }
  for (let round = 0; round < 3; round++) {
    now += 10_000;
    for (const seat of seats) update(seat);
  }
  const chosen = seats.map((seat) => usefulOf(seat, [...(met[seat.conn] ?? [])], seats));
  const byChance = seats.map((seat) => {
    const others: number[] = [];
    while (others.length < (met[seat.conn]?.size ?? 0)) {
      const other = Math.floor(random() * viewers);
      if (seats[other]?.rendition === seat.rendition && other !== seat.conn) others.push(other);
    }
    return usefulOf(seat, others, seats);
  });
  // At the edge nobody can hold the next segment.
  const behind = seats.filter(({ next }) => next < EDGE - 2).slice(0, ASKERS);
  const given = behind.map((seat) => {
    now += 100;
    met[seat.conn]?.clear();
    update(seat, NEIGHBOURS);
    const others = [...(met[seat.conn] ?? [])];
    return others.filter((other) => holdsNext(seat, seats[other])).length;
  });
  const timeUpdates = (more: number): number => {
    const before = process.cpuUsage();
    for (let i = 0; i < MEASURED; i++) {
      now += 10;
      const seat = seats[(i * 7) % viewers];
      if (seat !== undefined) update(seat, more);
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / MEASURED;
  };
  timeUpdates(1);
  const choices = Array.from({ length: TIMES }, () => timeUpdates(1) - timeUpdates(0));
  return {
    viewers,
    ...{ asked: mean(given), askedNonePercent: none(given) },
    ...{ useful: mean(chosen), usefulByChance: mean(byChance) },
    ...{ nonePercent: none(chosen), nonePercentByChance: none(byChance) },
    selectionUs: median(choices) ?? 0,
  };
}

/** Of eight: how many of the neighbours are of use. */
function usefulOf(seat: Seat, others: readonly number[], seats: readonly Seat[]): number {
  const useful = others.filter((other) => isUseful(seat, seats[other])).length;
  return others.length === 0 ? 0 : (NEIGHBOURS * useful) / others.length;
}

function takeSeat(conn: number, random: () => number): Seat {
  const [rendition] = pick(
    RENDITIONS.map(([name, share]) => [share, name] as const),
    random(),
  );
  const [from, to] = pick(
    BEHIND.map(([share, nearest, furthest]) => [share, nearest, furthest] as const),
    random(),
  );
  return { conn, rendition, next: EDGE - Math.floor(from + random() * (to - from)) };
}

/** One of several by its share, what stands behind the share. */
function pick<T extends readonly unknown[]>(
  options: readonly (readonly [number, ...T])[],
  dice: number,
): T {
  let left = dice;
  for (const [share, ...what] of options) {
    left -= share;
    if (left < 0) return what;
  }
  const [, ...last] = options.at(-1) ?? [];
  return last as unknown as T; // shares add up to one
}

function isUseful(to: Seat, other: Seat | undefined): boolean {
  if (other?.rendition !== to.rendition) return false;
  return other.next - HELD <= to.next && to.next <= other.next;
}

function holdsNext(to: Seat, other: Seat | undefined): boolean {
  return isUseful(to, other) && other?.next !== to.next;
}

function mean(all: readonly number[]): number {
  return all.reduce((sum, one) => sum + one, 0) / all.length;
}

function none(all: readonly number[]): number {
  return (100 * all.filter((one) => one === 0).length) / all.length;
}
