import type { PeerId } from '@shoal/protocol';
import type { LinkEnd, Surroundings } from './model.ts';

type End = {
  readonly end: LinkEnd;
  readonly peer: PeerId;
  readonly links: Map<PeerId, Link>;
};

/** One end of a data channel: reliable, in order, with delay, behind the sender's shared uplink. */
export class Link {
  readonly #world: Surroundings;
  readonly #here: End;
  readonly #there: End;
  #open = true;
  #silent = false;

  private constructor(world: Surroundings, here: End, there: End) {
    this.#world = world;
    this.#here = here;
    this.#there = there;
  }

  /** Opens both ends, as an answered offer does. */
  static between(world: Surroundings, a: End, b: End): void {
    a.links.set(b.peer, new Link(world, a, b));
    b.links.set(a.peer, new Link(world, b, a));
    a.end.input({ type: 'link-open', peer: b.peer });
    b.end.input({ type: 'link-open', peer: a.peer });
  }

  send(frame: Uint8Array, isPiece: boolean): void {
    if (!this.#open) return;
    const { end } = this.#here;
    const { queue, options } = this.#world;
    const rate = end.options.uplink;
    const start = Math.max(queue.now, end.uplinkFreeAt);
    const leaves = rate === undefined ? queue.now : start + (frame.length * 1000) / rate;
    end.uplinkFreeAt = leaves;
    if (isPiece)
      queue.at(leaves, () => {
        end.input({ type: 'link-drained', peer: this.#there.peer });
      });
    queue.at(leaves + options.delayMs, () => {
      if (this.#silent || !this.#there.links.has(this.#here.peer)) return;
      this.#there.end.input({ type: 'link-frame', peer: this.#here.peer, frame });
    });
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const { queue, options } = this.#world;
    queue.after(1, () => {
      this.#here.links.delete(this.#there.peer);
      this.#here.end.input({ type: 'link-closed', peer: this.#there.peer });
    });
    queue.after(options.delayMs + 1, () => {
      this.#there.links.get(this.#here.peer)?.close();
    });
  }

  /** The host died: nothing more arrives, and the other end notices when ICE gives up. */
  fallSilent(): void {
    this.#silent = true;
    this.#world.queue.after(8_000, () => {
      this.#there.links.get(this.#here.peer)?.close();
    });
  }
}
