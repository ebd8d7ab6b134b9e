import type { PeerId } from '@shoal/protocol';
import type { LinkEnd, Nat, Surroundings } from './model.ts';

type End = {
  readonly end: LinkEnd;
  readonly peer: PeerId;
  readonly links: Map<PeerId, Link>;
};

const PACKET_BYTES = 1_200;
/** A lost packet is sent again when its gap was noticed: about one round trip and the time to notice. */
const REPAIR_MS = 20;
/** ICE gives up on a peer that fell silent. */
const SILENCE_MS = 8_000;

/** Whether two viewers can be connected without a relay. */
export function canConnect(a: Nat = 'open', b: Nat = 'open'): boolean {
  if (a === 'blocked' || b === 'blocked') return false;
  return a !== 'symmetric' || b !== 'symmetric';
}

/** One end of a data channel: reliable, in order, with delay, behind the sender's shared uplink. */
export class Link {
  readonly #world: Surroundings;
  readonly #here: End;
  readonly #there: End;
  #open = true;
  #silent = false;
  /** When the frame sent last arrives: none overtakes it. */
  #arrivesAt = 0;

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
    const { queue } = this.#world;
    const rate = end.options.uplink;
    const start = Math.max(queue.now, end.uplinkFreeAt);
    const leaves = rate === undefined ? queue.now : start + (frame.length * 1000) / rate;
    end.uplinkFreeAt = leaves;
    if (isPiece)
      queue.at(leaves, () => {
        end.input({ type: 'link-drained', peer: this.#there.peer });
      });
    this.#arrivesAt = Math.max(this.#arrivesAt, this.#arrival(leaves, frame.length));
    queue.at(this.#arrivesAt, () => {
      const through = this.#there.end.turn();
      if (through > queue.now)
        queue.at(through, () => {
          this.#deliver(frame);
        });
      else this.#deliver(frame);
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
    this.#world.queue.after(SILENCE_MS, () => {
      this.#there.links.get(this.#here.peer)?.close();
    });
  }

  #deliver(frame: Uint8Array): void {
    if (this.#silent || !this.#there.links.has(this.#here.peer)) return;
    this.#there.end.input({ type: 'link-frame', peer: this.#here.peer, frame });
  }

  #arrival(leaves: number, bytes: number): number {
    const { delayMs, random } = this.#world.options;
    const { end } = this.#there;
    const loss = end.options.loss ?? 0;
    const lost = loss > 0 && random() > (1 - loss) ** Math.ceil(bytes / PACKET_BYTES);
    const at = leaves + delayMs + (lost ? 2 * delayMs + REPAIR_MS : 0);
    return end.receive(bytes, at);
  }
}
