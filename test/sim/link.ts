import type { PeerId } from '@shoal/protocol';
import type { Viewer } from './viewer.ts';

type End = { readonly viewer: Viewer; readonly peer: PeerId };

/** One end of a data channel: reliable, in order, with delay, behind the sender's shared uplink. */
export class Link {
  readonly #here: End;
  readonly #there: End;
  #open = true;
  #silent = false;

  private constructor(here: End, there: End) {
    this.#here = here;
    this.#there = there;
  }

  /** Opens both ends, as an answered offer does. */
  static between(a: End, b: End): void {
    a.viewer.links.set(b.peer, new Link(a, b));
    b.viewer.links.set(a.peer, new Link(b, a));
    a.viewer.input({ type: 'link-open', peer: b.peer });
    b.viewer.input({ type: 'link-open', peer: a.peer });
  }

  send(frame: Uint8Array, isPiece: boolean): void {
    const { viewer } = this.#here;
    const { queue, options } = viewer.world;
    if (!this.#open) return;
    const rate = viewer.options.uplink;
    const start = Math.max(queue.now, viewer.uplinkFreeAt);
    const leaves = rate === undefined ? queue.now : start + (frame.length * 1000) / rate;
    viewer.uplinkFreeAt = leaves;
    if (isPiece)
      queue.at(leaves, () => {
        viewer.input({ type: 'link-drained', peer: this.#there.peer });
      });
    queue.at(leaves + options.delayMs, () => {
      if (this.#silent || !this.#there.viewer.links.has(this.#here.peer)) return;
      this.#there.viewer.input({ type: 'link-frame', peer: this.#here.peer, frame });
    });
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const { viewer } = this.#here;
    const { queue, options } = viewer.world;
    queue.after(1, () => {
      viewer.links.delete(this.#there.peer);
      viewer.input({ type: 'link-closed', peer: this.#there.peer });
    });
    queue.after(options.delayMs + 1, () => {
      this.#there.viewer.links.get(this.#here.peer)?.close();
    });
  }

  /** The host died: nothing more arrives, and the other end notices when ICE gives up. */
  fallSilent(): void {
    this.#silent = true;
    const { viewer } = this.#there;
    viewer.world.queue.after(8_000, () => {
      viewer.links.get(this.#here.peer)?.close();
    });
  }
}
