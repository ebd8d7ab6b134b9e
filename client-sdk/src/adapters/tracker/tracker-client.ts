import { type ClientMessage, CLOSE, parseTrackerMessage } from '@shoal/protocol';
import type { Input } from '../../core/io.ts';
import type { TrackerState } from '../../events.ts';
import { reconnectDelay } from './reconnect-delay.ts';
import { type TokenSource, urlWithToken } from './token.ts';

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
  /** A fresh token for each connection and renewal (TRK-22, TRK-23); undefined where the tracker wants none. */
  readonly token?: TokenSource | undefined;
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
/** Attempts that count for the next delay after a node has named another: 1 to 3 s. */
const MOST_WHEN_MOVED = 2;
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
  /** The attempt that waits for its token. */
  #dial: object | undefined;
  /** The node of the tracker that has the channel, until it cannot be reached (TRK-26). */
  #node: string | undefined;
  /** It was named on the last socket, which then closes; and it was so on the socket before, too. */
  #moving = false;
  #moved = false;

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
    this.#node = undefined;
    this.#open();
  }

  /** What was sent before still leaves. Idempotent; says nothing to the engine. */
  disconnect(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#dial = undefined;
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
    const { token } = this.#options;
    const url = this.#node ?? this.#options.url;
    if (token === undefined) {
      this.#connectTo(url);
      return;
    }
    const dial = { token };
    this.#dial = dial;
    const failed = (cause: unknown): void => {
      if (this.#dial !== dial) return;
      this.#dial = undefined;
      this.#unreachable(cause);
      this.#retry();
    };
    this.#giveUpLater(() => {
      failed(new Error('no token in time'));
    });
    void urlWithToken(url, token).then((withToken) => {
      if (this.#dial !== dial) return;
      this.#dial = undefined;
      this.#connectTo(withToken);
    }, failed);
  }

  #connectTo(url: string): void {
    let socket: TrackerSocket;
    try {
      socket = new this.#options.webSocket(url);
    } catch (cause) {
      this.#unreachable(cause);
      this.#retry();
      return;
    }
    this.#socket = socket;
    this.#giveUpLater(() => {
      this.#lost(socket, 'the tracker does not answer');
    });
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
    const { value } = message;
    if (value.action === 'welcome') this.#attempt = 0;
    if (value.action === 'renew') this.#renew(socket);
    if (value.action === 'moved') {
      this.#moving = true;
      this.#node = value.url;
      // The tracker answers, and will soon know if that node is gone.
      this.#attempt = Math.min(this.#attempt, MOST_WHEN_MOVED);
    }
    this.#options.input({ type: 'tracker-message', message: value });
  }

  /** A token that cannot be had is missed when the tracker closes the socket; the next one asks again. */
  #renew(socket: TrackerSocket): void {
    void Promise.resolve(this.#options)
      .then(({ token }) => token?.())
      .then(
        (token) => {
          if (token !== undefined && this.#socket === socket) this.send({ action: 'renew', token });
        },
        () => {},
      );
  }

  #giveUpLater(giveUp: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(giveUp, this.#options.openMs ?? OPEN_MS);
  }

  #lost(socket: TrackerSocket, reason: string): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    clearTimeout(this.#timer);
    socket.close();
    const wasOpen = this.#state === 'connected';
    // Whoever answered first may know of another one.
    if (!this.#moving) this.#node = undefined;
    this.#setState('connecting');
    if (wasOpen) this.#options.input({ type: 'tracker-closed' });
    else this.#unreachable(new Error(reason));
    if (this.#wanted) this.#retry();
  }

  #retry(): void {
    clearTimeout(this.#timer);
    // At once, but not twice in a row: two nodes may each name the other for a while.
    const atOnce = this.#moving && !this.#moved;
    this.#moved = this.#moving;
    this.#moving = false;
    this.#timer = setTimeout(
      () => {
        this.#open();
      },
      atOnce ? 0 : reconnectDelay(this.#attempt++, this.#options.random),
    );
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
