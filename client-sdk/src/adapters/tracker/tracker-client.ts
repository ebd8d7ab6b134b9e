import { type ClientMessage, CLOSE, parseTrackerMessage } from '@shoal/protocol';
import type { Input } from '../../core/io.ts';
import type { TrackerState } from '../../events.ts';
import { reconnectDelay } from './reconnect-delay.ts';

/** The part of a WebSocket that is used here, so that those of Node's packages fit as well. */
export type TrackerSocket = {
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code?: number): void;
  addEventListener(name: 'open' | 'error', listener: () => void): void;
  addEventListener(name: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(name: 'close', listener: (event: { readonly code: number }) => void): void;
};

/** What a {@link TrackerClient} needs. */
export type TrackerClientOptions = {
  readonly url: string;
  readonly webSocket: new (url: string) => TrackerSocket;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly input: (input: Input) => void;
  readonly onState: (state: TrackerState) => void;
  /** A connection could not be made; once until the next that could. */
  readonly onUnreachable: (cause: unknown) => void;
  /** A connection that is not open by then is given up. Ms, default 10,000. */
  readonly openMs?: number;
};

const OPEN_MS = 10_000;
/** Larger messages end the connection. Characters. */
const MAX_MESSAGE = 65_536;
/** More unsent than this means that the tracker no longer reads. Bytes. */
const MAX_UNSENT = 1_048_576;

/** Keeps one WebSocket to the tracker while it is wanted, and reads what comes in. */
export class TrackerClient {
  readonly #options: TrackerClientOptions;
  #wanted = false;
  #socket: TrackerSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #warned = false;
  #state: TrackerState = 'off';
  #dropped = 0;

  constructor(options: TrackerClientOptions) {
    this.#options = options;
  }

  get state(): TrackerState {
    return this.#state;
  }

  /** Messages that could not be read. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Connects, and again after every loss until {@link TrackerClient.disconnect}. */
  connect(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#attempt = 0;
    this.#warned = false;
    this.#open();
  }

  /** What was sent before still leaves. Idempotent; says nothing to the engine. */
  disconnect(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000);
    this.#setState('off');
  }

  /** Dropped when there is no connection: the engine says everything anew after `tracker-open`. */
  send(message: ClientMessage): void {
    const socket = this.#socket;
    if (socket === undefined || this.#state !== 'connected') return;
    if (socket.bufferedAmount > MAX_UNSENT) this.#lost(socket, 'the tracker does not read');
    else socket.send(JSON.stringify(message));
  }

  #open(): void {
    this.#setState('connecting');
    let socket: TrackerSocket;
    try {
      socket = new this.#options.webSocket(this.#options.url);
    } catch (cause) {
      this.#unreachable(cause);
      this.#retry();
      return;
    }
    this.#socket = socket;
    this.#timer = setTimeout(() => {
      this.#lost(socket, 'the tracker does not answer');
    }, this.#options.openMs ?? OPEN_MS);
    socket.addEventListener('open', () => {
      if (this.#socket !== socket) return;
      clearTimeout(this.#timer);
      this.#warned = false;
      this.#setState('connected');
      this.#options.input({ type: 'tracker-open' });
    });
    socket.addEventListener('message', (event) => {
      this.#onMessage(socket, event.data);
    });
    // An `error` is always followed by `close`, which says no less.
    socket.addEventListener('error', () => {});
    socket.addEventListener('close', (event) => {
      this.#lost(socket, `closed with code ${event.code}`);
    });
  }

  #onMessage(socket: TrackerSocket, data: unknown): void {
    if (this.#socket !== socket) return;
    if (typeof data !== 'string' || data.length > MAX_MESSAGE) {
      socket.close(CLOSE.protocolViolation);
      this.#lost(socket, 'the tracker sent something else than a short text');
      return;
    }
    const message = parseTrackerMessage(readJson(data));
    if (!message.ok) {
      this.#dropped += 1;
      return;
    }
    // Only a tracker that lets us in makes the next attempt a first one: else a refusal would be asked for twice a second.
    if (message.value.action === 'welcome') this.#attempt = 0;
    this.#options.input({ type: 'tracker-message', message: message.value });
  }

  #lost(socket: TrackerSocket, reason: string): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    clearTimeout(this.#timer);
    socket.close();
    const wasOpen = this.#state === 'connected';
    this.#setState('connecting');
    if (wasOpen) this.#options.input({ type: 'tracker-closed' });
    else this.#unreachable(new Error(reason));
    if (this.#wanted) this.#retry();
  }

  #retry(): void {
    clearTimeout(this.#timer);
    const delay = reconnectDelay(this.#attempt++, this.#options.random);
    this.#timer = setTimeout(() => {
      this.#open();
    }, delay);
  }

  #unreachable(cause: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.onUnreachable(cause);
  }

  #setState(state: TrackerState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}

/** The parsed text, or undefined for a text that is not JSON. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
