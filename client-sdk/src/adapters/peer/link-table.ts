import { LIMITS, type PeerId, type Signal } from '@shoal/protocol';
import type { Input } from '../../core/io.ts';

/** A link to make, as the engine asks for it. */
export type LinkRequest = {
  readonly peer: PeerId;
  readonly session: string;
  readonly initiator: boolean;
};

/** One connection to a neighbour, whatever WebRTC stack carries it. */
export type Link = {
  /** Begins to connect; called once, when the table knows the link. */
  readonly start: () => void;
  readonly signal: (signal: Signal) => void;
  /** Never throws; a link that cannot send closes. */
  readonly send: (bytes: Uint8Array<ArrayBuffer>, piece: boolean) => void;
  /** Closes once what was sent has arrived, at the latest after five seconds. */
  readonly finish: () => void;
  /** Ends it at once and silently. */
  readonly destroy: () => void;
};

/** How a table makes its links, and where they report. */
export type LinkTableOptions = {
  /** `onClosed` is for every end but `destroy`. */
  readonly make: (request: LinkRequest, onClosed: () => void) => Link;
  readonly input: (input: Input) => void;
};

/** Links at a time, those being made and those being closed included; the engine keeps to far fewer. */
const MAX_LINKS = 4 * LIMITS.maxNeighbours;

/** The links to neighbours by peer: the engine's link effects on one side, one {@link Link} each on the other. */
export class LinkTable {
  readonly #options: LinkTableOptions;
  readonly #links = new Map<PeerId, Link>();

  constructor(options: LinkTableOptions) {
    this.#options = options;
  }

  /** Links at the moment, those being closed included. */
  get size(): number {
    return this.#links.size;
  }

  /** Answers with `link-open` and later `link-closed`, or with `link-closed` alone. A link to the same peer is replaced. */
  connect(request: LinkRequest): void {
    const { peer } = request;
    this.#links.get(peer)?.destroy();
    this.#links.delete(peer);
    if (this.#links.size >= MAX_LINKS) {
      this.#options.input({ type: 'link-closed', peer });
      return;
    }
    const link = this.#options.make(request, () => {
      if (this.#links.get(peer) !== link) return;
      this.#links.delete(peer);
      this.#options.input({ type: 'link-closed', peer });
    });
    this.#links.set(peer, link);
    link.start();
  }

  signal(peer: PeerId, signal: Signal): void {
    this.#links.get(peer)?.signal(signal);
  }

  /** Never throws; a link that cannot send is closed. */
  send(
    peer: PeerId,
    frame: { readonly bytes: Uint8Array<ArrayBuffer>; readonly piece: boolean },
  ): void {
    this.#links.get(peer)?.send(frame.bytes, frame.piece);
  }

  /** Closes once what was sent has arrived, at the latest after five seconds. */
  disconnect(peer: PeerId): void {
    this.#links.get(peer)?.finish();
  }

  /** As {@link LinkTable.disconnect} for all links. */
  disconnectAll(): void {
    for (const link of [...this.#links.values()]) link.finish();
  }

  /** Closes all links now, what waits to be sent included; the object stays usable. */
  closeAll(): void {
    const links = [...this.#links];
    this.#links.clear();
    for (const [peer, link] of links) {
      link.destroy();
      this.#options.input({ type: 'link-closed', peer });
    }
  }
}
