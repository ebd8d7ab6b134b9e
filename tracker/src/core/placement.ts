import type { ChannelId } from '@shoal/protocol';
import { DueSet } from './due-set.ts';
import type { TrackerLimits } from './limits.ts';
import { ownerOf, type TrackerNode } from './nodes.ts';

/** Which channels are at this node, and who has yet to be sent after one that is not any more (TRK-26). `Session` is whoever may have to move. */
export class Placement<Session> {
  readonly #moving = new DueSet<Session>();
  readonly #limits: TrackerLimits;
  readonly #random: () => number;
  #self: string | undefined;
  #nodes: readonly TrackerNode[] = [];

  constructor(random: () => number, limits: TrackerLimits) {
    this.#random = random;
    this.#limits = limits;
  }

  /** The URL of the node that has a channel, if that is not this one. */
  elsewhere(channel: ChannelId | undefined): string | undefined {
    if (this.#self === undefined) return undefined;
    // Swarms of no channel are all in one place, wherever their clients connect.
    const owner = ownerOf(channel ?? '', this.#nodes);
    return owner === undefined || owner.id === this.#self ? undefined : owner.url;
  }

  /** Takes in who is there now, and marks those who have to move, a few at a time. */
  change(
    { self, nodes }: { readonly self: string; readonly nodes: readonly TrackerNode[] },
    sessions: Iterable<readonly [Session, ChannelId | undefined]>,
    now: number,
  ): void {
    this.#self = self;
    this.#nodes = nodes.slice(0, this.#limits.nodes);
    for (const [session, channel] of sessions)
      if (this.elsewhere(channel) === undefined) this.#moving.delete(session);
      else this.#moving.schedule(session, now + this.#random() * this.#limits.moveMs, now);
  }

  /** Whose time to move has come. */
  due(now: number): readonly Session[] {
    return this.#moving.take(now);
  }

  forget(session: Session): void {
    this.#moving.delete(session);
  }
}
