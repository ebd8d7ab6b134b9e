import { CLOSE, LIMITS } from '@shoal/protocol';
import { WebSocket } from 'ws';
import { textFrame } from './text-frame.ts';
import type { Connection, MessageSink } from './connection.ts';

/** Until the other node answers, at most so many messages of the client wait. */
const WAITING = 32;
const CONNECT_MS = 5_000;
/** A node that lets so much wait is cut off. Bytes. */
const UNSENT = 1_048_576;

export type RelayOptions = {
  readonly client: Connection;
  /** Of the node that has the client's channel, with the client's own path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly onFailure: (reason: string) => void;
};

/** Carries the messages of one stock client to the node that has its channel, and back; either end closes the other (TRK-26). */
export class Relay implements MessageSink {
  readonly #node: WebSocket;
  readonly #client: Connection;
  #waiting: Buffer[] = [];

  constructor({ client, url, headers, onFailure }: RelayOptions) {
    this.#client = client;
    this.#node = new WebSocket(url, {
      headers,
      handshakeTimeout: CONNECT_MS,
      maxPayload: LIMITS.webTorrentMessageBytes * 2,
      perMessageDeflate: false,
    });
    this.#node.on('open', () => {
      for (const message of this.#waiting) this.#node.send(message, { binary: false });
      this.#waiting = [];
    });
    this.#node.on('message', (data, isBinary) => {
      if (isBinary || !Buffer.isBuffer(data)) return;
      client.send(textFrame(data.toString('utf8')), false);
    });
    this.#node.on('error', (error) => {
      onFailure(error.message);
    });
    this.#node.on('close', (code) => {
      // What closed no frame, 1006, may not be sent on (RFC 6455 section 7.4.1).
      client.close(code >= 4000 ? code : CLOSE.goingAway, 'the node closed it', Date.now());
    });
  }

  /** Passes a text message of the client on. */
  forward(message: Buffer): void {
    if (this.#node.readyState === WebSocket.OPEN) {
      if (this.#node.bufferedAmount <= UNSENT) this.#node.send(message, { binary: false });
      else this.close();
    } else if (this.#waiting.length < WAITING) this.#waiting.push(message);
    else this.#client.close(CLOSE.overload, 'too many messages', Date.now());
  }

  close(): void {
    this.#waiting = [];
    this.#node.terminate();
  }
}
