import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Frame } from './text-frame.ts';

/** Above this many waiting bytes messages that may be dropped are dropped, and pings go unanswered. */
const DROP_BYTES = 256 * 1024;
/** LIM-14: a reader that lets this many bytes wait is cut off. */
const CUT_OFF_BYTES = 1024 * 1024;
/** How long a peer has to answer a close frame. */
const CLOSE_GRACE_MS = 2_000;
const PING_MS = 30_000;

/** Where text messages go. */
export type MessageSink = {
  readonly forward: (message: Buffer) => void;
  readonly close: () => void;
};

/**
 * One WebSocket, whose slow readers are bounded. Each message is one write: two for the same socket in one step are rare, and gathering
 * them costs every other message more than it saves.
 */
export class Connection {
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  /** Where its messages go instead of the core (TRK-26). */
  relay: MessageSink | undefined;
  #answered = true;
  #pingAt: number;
  #cutAt = Infinity;

  constructor(ws: WebSocket, socket: Socket, now: number) {
    this.#ws = ws;
    this.#socket = socket;
    this.#pingAt = now + PING_MS;
    ws.on('pong', () => {
      this.#answered = true;
    });
    ws.on('ping', (data) => {
      if (ws.bufferedAmount <= DROP_BYTES) ws.pong(data);
    });
  }

  /** True once this side has begun to close it: nothing more is read. */
  get closing(): boolean {
    return this.#cutAt !== Infinity;
  }

  /** Sends a frame; false when the reader is so slow that it was cut off. */
  send(frame: Frame, droppable: boolean): boolean {
    if (this.closing || this.#ws.readyState !== WebSocket.OPEN) return true;
    // What `ws` sends by itself, pongs and closes, waits in the same queue.
    const waiting = this.#socket.writableLength;
    if (waiting + frame.length > CUT_OFF_BYTES) {
      this.terminate();
      return false;
    }
    if (droppable && waiting > DROP_BYTES) return true;
    if (typeof frame === 'string') this.#socket.write(frame, 'latin1');
    else this.#socket.write(frame);
    return true;
  }

  close(code: number, reason: string, now: number): void {
    if (this.closing) return;
    this.#cutAt = now + CLOSE_GRACE_MS;
    // RFC 6455 section 5.5: a control frame holds 125 bytes, two of which are the code.
    this.#ws.close(code, reason.slice(0, 120));
  }

  terminate(): void {
    this.#cutAt = 0;
    this.#ws.terminate();
  }

  /** Pings when it is time; cuts off a peer that did not answer the last ping or does not finish closing. */
  sweep(now: number): void {
    if (now >= this.#cutAt) this.terminate();
    else if (!this.closing && now >= this.#pingAt) {
      if (!this.#answered) {
        this.terminate();
        return;
      }
      this.#answered = false;
      this.#pingAt = now + PING_MS;
      this.#ws.ping();
    }
  }
}
