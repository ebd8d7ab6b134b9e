import Peer from '@thaunknown/simple-peer/lite.js';
import { LIMITS, type Signal } from '@shoal/protocol';
import type { Input } from '../../core/io.ts';
import { type Link, type LinkRequest, LinkTable } from './link-table.ts';
import { toPeerSignal, toWireSignal } from './signal-mapping.ts';

/** What {@link PeerLinks} needs. */
export type PeerLinksOptions = {
  readonly iceServers: readonly RTCIceServer[];
  readonly input: (input: Input) => void;
  /** A link that is not open by then is given up. Ms, default 10,000. */
  readonly connectMs?: number;
};

const CONNECT_MS = 10_000;
/** More unsent than this means that the neighbour no longer reads. Bytes. */
const MAX_UNSENT = 1_048_576;
/** How long what was said last may take to arrive. */
const FLUSH_MS = 5_000;

/** The data channels to neighbours, each on a `simple-peer`. */
export class PeerLinks extends LinkTable {
  constructor(options: PeerLinksOptions) {
    super({
      input: options.input,
      make: (request, onClosed) => new SimplePeerLink(request, options, onClosed),
    });
  }
}

/** One connection, from the first signal to its end. */
class SimplePeerLink implements Link {
  readonly #request: LinkRequest;
  readonly #input: (input: Input) => void;
  readonly #onClosed: () => void;
  readonly #peer: Peer;
  readonly #connectMs: number;
  #state: 'connecting' | 'open' | 'finishing' | 'closed' = 'connecting';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #signals = 0;
  #pieceWaits = false;

  constructor(request: LinkRequest, options: PeerLinksOptions, onClosed: () => void) {
    this.#request = request;
    this.#input = options.input;
    this.#onClosed = onClosed;
    this.#connectMs = options.connectMs ?? CONNECT_MS;
    this.#peer = new Peer({
      initiator: request.initiator,
      trickle: true,
      // So that text can be told from bytes.
      objectMode: true,
      config: { iceServers: [...options.iceServers] },
      channelConfig: { ordered: true },
    });
  }

  start(): void {
    const close = (): void => {
      this.#close();
    };
    this.#timer = setTimeout(close, this.#connectMs);
    this.#peer.on('signal', (emitted) => {
      this.#onSignal(emitted);
    });
    this.#peer.on('connect', () => {
      this.#open();
    });
    this.#peer.on('data', (data) => {
      this.#onData(data);
    });
    // It ends with any of these, and not always with the last.
    this.#peer.on('end', close).on('error', close).on('close', close);
  }

  signal(signal: Signal): void {
    const mapped = toPeerSignal(signal);
    if (mapped === undefined || this.#state === 'closed' || this.#peer.destroyed) return;
    if (++this.#signals > LIMITS.signalsPerIntroduction) return;
    this.#attempt(() => {
      this.#peer.signal(mapped);
    });
  }

  send(bytes: Uint8Array<ArrayBuffer>, piece: boolean): void {
    if (this.#state !== 'open') return;
    this.#attempt(() => {
      this.#peer.send(bytes);
    });
    const unsent = this.#unsent();
    if (unsent > MAX_UNSENT) this.#close();
    else if (piece) this.#awaitDrain(unsent);
  }

  finish(): void {
    if (this.#state === 'finishing') return;
    if (this.#state !== 'open') {
      this.#close();
      return;
    }
    this.#state = 'finishing';
    this.#timer = setTimeout(() => {
      this.#close();
    }, FLUSH_MS);
    // A channel closes after the neighbour has everything (RFC 8831 section 6.7), a connection at
    // once; simple-peer says when the channel has.
    this.#attempt(() => {
      this.#peer._channel?.close();
    });
  }

  /** Ends it at once and silently. */
  destroy(): void {
    this.#state = 'closed';
    clearTimeout(this.#timer);
    // simple-peer closes in a later task, which a page that is being left never runs.
    this.#peer._pc?.close();
    this.#peer.destroy();
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.destroy();
    this.#onClosed();
  }

  #onSignal(emitted: unknown): void {
    const signal = toWireSignal(emitted);
    if (signal === undefined || this.#state === 'closed') return;
    const { peer, session } = this.#request;
    this.#input({ type: 'link-signal', peer, session, signal });
  }

  #open(): void {
    const channel = this.#peer._channel;
    if (this.#state !== 'connecting' || channel === null) return;
    this.#state = 'open';
    clearTimeout(this.#timer);
    channel.bufferedAmountLowThreshold = 0;
    channel.addEventListener('bufferedamountlow', () => {
      this.#drained();
    });
    // One channel is all there is: simple-peer would let a second one take the place of the first.
    if (this.#peer._pc !== null)
      this.#peer._pc.ondatachannel = () => {
        this.#close();
      };
    this.#input({ type: 'link-open', peer: this.#request.peer });
  }

  #onData(data: unknown): void {
    // Frames can come before simple-peer has made sure of the connection.
    this.#open();
    if (this.#state !== 'open') return;
    if (data instanceof Uint8Array && data.length <= LIMITS.digestFrameBytes)
      this.#input({ type: 'link-frame', peer: this.#request.peer, frame: data });
    else this.#close();
  }

  #awaitDrain(unsent: number): void {
    this.#pieceWaits = true;
    // Nothing will run low that is empty already.
    if (unsent === 0)
      setTimeout(() => {
        this.#drained();
      }, 0);
  }

  #drained(): void {
    if (!this.#pieceWaits || this.#state !== 'open') return;
    this.#pieceWaits = false;
    this.#input({ type: 'link-drained', peer: this.#request.peer });
  }

  #unsent(): number {
    return this.#peer._channel?.bufferedAmount ?? 0;
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch {
      this.#close();
    }
  }
}
