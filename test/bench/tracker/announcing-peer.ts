import { payloadStart, textFrame } from './frames.ts';
import { openRawSocket, type RawSocket } from './raw-socket.ts';

/** Offers of one announce, as bittorrent-tracker and p2p-media-loader clients make them. */
export const OFFERS = 5;
/** Of an offer in its message; what Chromium's come to. Bytes. */
const OFFER_BYTES = 1_270;
const ID_LENGTH = 20;

/** What a peer tells of what it hears. */
export type PeerListener = {
  /** The tracker's reply to an announce, so much later. */
  readonly onReply: (tookMs: number, reported: number) => void;
  readonly onAnswer: () => void;
  readonly onClose: (why: string) => void;
};

/**
 * One client of the WebTorrent dialect: announces with five offers, and answers every offer that it is
 * passed. Its messages are made before the run, and only ids are written into them.
 */
export class AnnouncingPeer {
  #socket: RawSocket | undefined;
  readonly #announce: Buffer;
  readonly #answer: AnswerFrame;
  readonly #listener: PeerListener;
  /** Replies come in the order of the announces. */
  readonly #askedAt: number[] = [];
  offersHeard = 0;

  private constructor(infoHash: string, id: string, listener: PeerListener) {
    this.#announce = announceFrame(infoHash, id);
    this.#answer = new AnswerFrame(infoHash, id);
    this.#listener = listener;
  }

  static async open(
    url: URL,
    who: { readonly infoHash: string; readonly number: number },
    listener: PeerListener,
  ): Promise<AnnouncingPeer> {
    const id = `-XX0000-${String(who.number).padStart(12, '0')}`;
    const peer = new AnnouncingPeer(who.infoHash, id, listener);
    peer.#socket = await openRawSocket({
      url,
      onText: (payload) => {
        peer.#hear(payload);
      },
      onClose: listener.onClose,
    });
    return peer;
  }

  announce(): void {
    this.#askedAt.push(performance.now());
    this.#socket?.write(this.#announce);
  }

  close(): void {
    this.#socket?.destroy();
  }

  #hear(payload: Buffer): void {
    if (payload.includes('"offer"')) {
      this.offersHeard += 1;
      const frame = this.#answer.to(idAfter(payload, PEER_ID), idAfter(payload, OFFER_ID));
      this.#socket?.write(frame);
    } else if (payload.includes('"answer"')) this.#listener.onAnswer();
    else if (payload.includes('"interval"')) {
      const askedAt = this.#askedAt.shift();
      if (askedAt === undefined) return;
      // From the tracker, of the shape of its dialect.
      const { complete, incomplete } = JSON.parse(payload.toString()) as Record<string, number>;
      const reported = (complete ?? 0) + (incomplete ?? 0);
      this.#listener.onReply(performance.now() - askedAt, reported);
    }
  }
}

const PEER_ID = '"peer_id":"';
const OFFER_ID = '"offer_id":"';

function idAfter(payload: Buffer, field: string): Buffer {
  const at = payload.indexOf(field);
  return payload.subarray(at + field.length, at + field.length + ID_LENGTH);
}

function sdpOf(bytes: number): string {
  return 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n'.padEnd(bytes, 'a=candidate:1 1 udp 1 ');
}

function announceFrame(infoHash: string, peerId: string): Buffer {
  const sdp = sdpOf(OFFER_BYTES - 100);
  const offers = Array.from({ length: OFFERS }, (_, i) => ({
    offer: { type: 'offer', sdp },
    offer_id: `${peerId.slice(2, -1)}-${String(i)}`.padEnd(ID_LENGTH, 'o').slice(0, ID_LENGTH),
  }));
  const message = {
    ...{ action: 'announce', info_hash: infoHash, peer_id: peerId, numwant: OFFERS },
    ...{ uploaded: 0, downloaded: 0, left: 1, event: 'started', offers },
  };
  return textFrame(Buffer.from(JSON.stringify(message)));
}

/** An answer, of which only the ids change. */
class AnswerFrame {
  readonly #frame: Buffer;
  readonly #toPeer: number;
  readonly #offer: number;

  constructor(infoHash: string, peerId: string) {
    const blank = ' '.repeat(ID_LENGTH);
    const message = {
      ...{ action: 'announce', info_hash: infoHash, peer_id: peerId, to_peer_id: blank },
      ...{ offer_id: blank, answer: { type: 'answer', sdp: sdpOf(OFFER_BYTES - 100) } },
    };
    const payload = Buffer.from(JSON.stringify(message));
    const start = payloadStart(payload.length);
    this.#frame = textFrame(payload);
    this.#toPeer = start + payload.indexOf('"to_peer_id":"') + '"to_peer_id":"'.length;
    this.#offer = start + payload.indexOf(OFFER_ID) + OFFER_ID.length;
  }

  /** A frame of its own: the one before may still wait to be written. */
  to(peer: Buffer, offer: Buffer): Buffer {
    const frame = Buffer.from(this.#frame);
    peer.copy(frame, this.#toPeer);
    offer.copy(frame, this.#offer);
    return frame;
  }
}
