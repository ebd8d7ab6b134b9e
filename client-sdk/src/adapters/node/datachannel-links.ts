import { LIMITS, type PeerId, type Signal } from '@shoal/protocol';
import type { Input } from '../../core/io.ts';
import { DataChannelLink, type LinkRequest } from './datachannel-link.ts';
import type { NativeIceServer } from './ice-servers.ts';

/** What {@link DataChannelLinks} needs. */
export type DataChannelLinksOptions = {
  readonly iceServers: readonly NativeIceServer[];
  readonly input: (input: Input) => void;
  /** A link that is not open by then is given up. Ms, default 10,000. */
  readonly connectMs?: number;
};

const CONNECT_MS = 10_000;
/** Links at a time, those being made and those being closed included; the engine keeps to far fewer. */
const MAX_LINKS = 4 * LIMITS.maxNeighbours;

/** The data channels to neighbours, each on a `node-datachannel` connection. */
export class DataChannelLinks {
  readonly #options: DataChannelLinksOptions;
  readonly #links = new Map<PeerId, DataChannelLink>();

  constructor(options: DataChannelLinksOptions) {
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
    const { iceServers, input, connectMs = CONNECT_MS } = this.#options;
    const link = new DataChannelLink(request, {
      iceServers,
      connectMs,
      onSignal: (signal) => {
        input({ type: 'link-signal', peer, session: request.session, signal });
      },
      onOpen: () => {
        input({ type: 'link-open', peer });
      },
      onFrame: (frame) => {
        input({ type: 'link-frame', peer, frame });
      },
      onDrained: () => {
        input({ type: 'link-drained', peer });
      },
      onClosed: () => {
        if (this.#links.get(peer) !== link) return;
        this.#links.delete(peer);
        input({ type: 'link-closed', peer });
      },
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

  /** Closes once what was sent has left, at the latest after half a second. */
  disconnect(peer: PeerId): void {
    this.#links.get(peer)?.finish();
  }

  /** As {@link DataChannelLinks.disconnect} for all links. */
  disconnectAll(): void {
    for (const link of [...this.#links.values()]) link.finish();
  }
}
