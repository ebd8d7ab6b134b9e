import { LIMITS, type Signal } from '@shoal/protocol';
import type { Link, LinkRequest } from '../peer/link-table.ts';
import { type DataChannel, PeerConnection } from 'node-datachannel';
import { toPeerSignal } from '../peer/signal-mapping.ts';
import type { NativeIceServer } from './ice-servers.ts';

type Candidate = Extract<Signal, { readonly kind: 'candidate' }>;

/** What a {@link DataChannelLink} needs, and whom it tells. */
export type LinkOptions = {
  readonly iceServers: readonly NativeIceServer[];
  readonly connectMs: number;
  readonly onSignal: (signal: Signal) => void;
  readonly onOpen: () => void;
  readonly onFrame: (frame: Uint8Array) => void;
  /** The send buffer has emptied after a piece. */
  readonly onDrained: () => void;
  readonly onClosed: () => void;
};

/** More unsent than this means that the neighbour no longer reads. Bytes. */
const MAX_UNSENT = 1_048_576;
/** How long what was said last may take to leave. */
const FLUSH_MS = 500;

/** One connection, from the first signal to its end. */
export class DataChannelLink implements Link {
  readonly #initiator: boolean;
  readonly #options: LinkOptions;
  readonly #connection: PeerConnection;
  #channel: DataChannel | undefined;
  #state: 'connecting' | 'open' | 'finishing' | 'closed' = 'connecting';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #signals = 0;
  /** Whose description is known; candidates wait for both. */
  readonly #described = { here: false, there: false };
  /** Candidates that came before that. */
  readonly #early: Candidate[] = [];
  /**
   * An offerer's own candidates until the library has taken in the answer. It tells its ICE of an answer
   * before it notes whose certificate to accept; a peer that checks the connection in between begins a
   * DTLS handshake that is refused. Without candidates the peer cannot.
   */
  #withheld: Candidate[] | undefined;
  #pieceWaits = false;

  constructor(request: LinkRequest, options: LinkOptions) {
    this.#initiator = request.initiator;
    this.#withheld = request.initiator ? [] : undefined;
    this.#options = options;
    this.#connection = new PeerConnection(request.peer, {
      iceServers: [...options.iceServers],
      maxMessageSize: LIMITS.digestFrameBytes,
    });
    this.#timer = setTimeout(() => {
      this.#close();
    }, options.connectMs);
  }

  /** Begins to connect; to be called once, when the owner is ready for what it is told. */
  start(): void {
    const connection = this.#connection;
    connection.onLocalDescription((sdp, type) => {
      if (type !== 'offer' && type !== 'answer') return;
      this.#say({ kind: type, sdp });
      this.#described.here = true;
      this.#addEarly();
    });
    connection.onLocalCandidate((line, sdpMid) => {
      const text = line.replace(/^a=/, '');
      const candidate: Candidate = { kind: 'candidate', candidate: text, sdpMid, sdpMLineIndex: 0 };
      if (this.#withheld === undefined) this.#say(candidate);
      else if (this.#withheld.length < LIMITS.signalsPerIntroduction)
        this.#withheld.push(candidate);
    });
    // Without this listener the library would keep the process alive after the end of the connection.
    connection.onStateChange((state) => {
      if (state === 'failed' || state === 'closed') this.#close();
    });
    connection.onDataChannel((channel) => {
      this.#adopt(channel);
    });
    if (this.#initiator)
      this.#attempt(() => {
        this.#adopt(connection.createDataChannel('shoal'));
      });
  }

  /** A malformed signal ends the link, a surplus one is ignored. */
  signal(signal: Signal): void {
    if (this.#state === 'closed' || ++this.#signals > LIMITS.signalsPerIntroduction) return;
    if (toPeerSignal(signal) === undefined) return;
    if (signal.kind === 'candidate') {
      this.#early.push(signal);
      this.#addEarly();
      return;
    }
    const { kind } = signal;
    if (kind !== (this.#initiator ? 'answer' : 'offer') || this.#described.there) return;
    this.#described.there = true;
    this.#attempt(() => {
      this.#connection.setRemoteDescription(signal.sdp, kind);
    });
    const withheld = this.#withheld ?? [];
    this.#withheld = undefined;
    for (const candidate of withheld) this.#say(candidate);
    this.#addEarly();
  }

  send(bytes: Uint8Array<ArrayBuffer>, piece: boolean): void {
    const channel = this.#channel;
    if (this.#state !== 'open' || channel === undefined) return;
    this.#attempt(() => {
      channel.sendMessageBinary(bytes);
      const unsent = channel.bufferedAmount();
      if (unsent > MAX_UNSENT) this.#close();
      else if (piece) this.#awaitDrain(unsent);
    });
  }

  /** Closes once what was sent has left, at the latest after half a second. */
  finish(): void {
    if (this.#state === 'finishing') return;
    if (this.#state !== 'open') {
      this.#close();
      return;
    }
    this.#state = 'finishing';
    const deadline = performance.now() + FLUSH_MS;
    const look = (): void => {
      const unsent = this.#channel?.bufferedAmount() ?? 0;
      if (performance.now() >= deadline || unsent === 0) this.#close();
      else this.#timer = setTimeout(look, 20);
    };
    // Even an empty buffer has only been handed to SCTP.
    this.#timer = setTimeout(look, 50);
  }

  /** Ends it at once and silently. */
  destroy(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#timer);
    this.#channel?.close();
    this.#connection.close();
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.destroy();
    this.#options.onClosed();
  }

  #say(signal: Signal): void {
    const text = signal.kind === 'candidate' ? signal.candidate : signal.sdp;
    // The library goes on from its own threads for a while after the end.
    if (this.#state === 'closed' || text.length > LIMITS.sdpBytes) return;
    this.#options.onSignal(signal);
  }

  #addEarly(): void {
    if (this.#state === 'closed' || !this.#described.here || !this.#described.there) return;
    for (const { candidate, sdpMid } of this.#early.splice(0)) {
      try {
        this.#connection.addRemoteCandidate(candidate, sdpMid ?? '0');
      } catch {
        // One way less to reach the peer; the others may do.
      }
    }
  }

  #adopt(channel: DataChannel): void {
    // As for the connection: a channel that nobody listens to keeps the process alive.
    channel.onClosed(() => {
      if (this.#channel === channel) this.#close();
    });
    if (this.#state === 'closed') {
      channel.close();
      return;
    }
    // One channel is all there is.
    if (this.#channel !== undefined) {
      channel.close();
      this.#close();
      return;
    }
    this.#channel = channel;
    channel.onError(() => {
      this.#close();
    });
    channel.onMessage((data) => {
      this.#onData(data);
    });
    channel.setBufferedAmountLowThreshold(0);
    channel.onBufferedAmountLow(() => {
      this.#drained();
    });
    channel.onOpen(() => {
      this.#open();
    });
    if (channel.isOpen()) this.#open();
  }

  #open(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    clearTimeout(this.#timer);
    this.#options.onOpen();
  }

  #onData(data: string | Buffer | ArrayBuffer): void {
    // Frames can come before the news that the channel is open.
    this.#open();
    if (this.#state !== 'open') return;
    if (typeof data === 'string' || data.byteLength > LIMITS.digestFrameBytes) {
      this.#close();
      return;
    }
    // A plain view: `slice` of a Buffer, unlike that of its base class, does not copy.
    this.#options.onFrame(
      data instanceof ArrayBuffer
        ? new Uint8Array(data)
        : new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
  }

  #awaitDrain(unsent: number): void {
    this.#pieceWaits = true;
    // Nothing will run low that is empty already.
    if (unsent === 0)
      setImmediate(() => {
        this.#drained();
      });
  }

  #drained(): void {
    if (!this.#pieceWaits || this.#state !== 'open') return;
    this.#pieceWaits = false;
    this.#options.onDrained();
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch {
      this.#close();
    }
  }
}
