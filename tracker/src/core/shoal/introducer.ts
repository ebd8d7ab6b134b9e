import { LIMITS, type TrackerMessage } from '@shoal/protocol';
import type { Turn } from '../effect.ts';
import type { TrackerLimits } from '../limits.ts';
import type { Channel } from './channel.ts';
import { isSettling, link, otherEnd } from './link.ts';
import { Matchmaker } from './matchmaker.ts';
import { degree, loseNeighbour, type Member } from './member.ts';

/** Makes introductions, and mends the mesh where somebody left. */
export class Introducer<Conn> {
  readonly #matchmaker: Matchmaker<Conn>;
  readonly #newSession: () => string;
  readonly #limits: TrackerLimits;

  constructor(random: () => number, newSession: () => string, limits: TrackerLimits) {
    this.#matchmaker = new Matchmaker(random, limits);
    this.#newSession = newSession;
    this.#limits = limits;
  }

  /** Introduces `member` to as many others as it still lacks, and tells both sides of each (TRK-4). */
  fill(member: Member<Conn>, channel: Channel<Conn>, turn: Turn<Conn>): void {
    const { now } = turn;
    // One that has enough may look for a better one, and exchanges it for another if it is full.
    const enough = Math.max(LIMITS.targetNeighbours, member.neighbours + 1);
    const lacking = Math.min(member.goal, enough) - degree(member, now);
    if (lacking <= 0) return;
    const count = Math.min(lacking, member.introductions.available(now));
    for (const other of this.#matchmaker.choose({ asker: member, channel, now }, count)) {
      member.introductions.take(now);
      const session = this.#newSession();
      link({ a: member, b: other, session }, this.#limits, now);
      channel.introductions += 1;
      turn.out.push(
        tell(member, { action: 'introduce', peer: other.id, session, initiator: true }),
        tell(other, { action: 'introduce', peer: member.id, session, initiator: false }),
      );
    }
  }

  /** Forgets all links of a viewer that left, tells those at their other ends, and finds them others (TRK-11). */
  dissolve(member: Member<Conn>, channel: Channel<Conn>, turn: Turn<Conn>): void {
    const bereft: Member<Conn>[] = [];
    for (const old of member.links.values()) {
      const other = otherEnd(old, member);
      other.links.delete(member.id);
      if (old.state !== 'open') continue;
      loseNeighbour(other, isSettling(old, this.#limits, turn.now));
      turn.out.push(tell(other, { action: 'gone', peer: member.id }));
      bereft.push(other);
    }
    member.links.clear();
    for (const other of bereft) this.fill(other, channel, turn);
  }
}

export function tell<Conn>(
  to: Member<Conn>,
  message: TrackerMessage,
): {
  readonly type: 'send';
  readonly to: Conn;
  readonly message: TrackerMessage;
  readonly droppable: boolean;
} {
  return { type: 'send', to: to.conn, message, droppable: false };
}
