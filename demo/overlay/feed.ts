const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** Longer than two keepalives of the service are apart. */
const SILENCE_MS = 40_000;

/** A connection to the streamer's feed that comes back by itself. */
export class StreamerFeed {
  readonly #url: string;
  readonly #on: {
    readonly message: (message: unknown) => void;
    readonly connected: (isConnected: boolean) => void;
  };
  #socket: WebSocket | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #silence: number | undefined;

  constructor(
    url: string,
    on: {
      readonly message: (message: unknown) => void;
      readonly connected: (isConnected: boolean) => void;
    },
  ) {
    this.#url = url;
    this.#on = on;
    this.#connect();
  }

  /** Says that an alert was shown. Where that is lost, the alert comes again with the next connection. */
  acknowledge(id: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN)
      this.#socket.send(JSON.stringify({ type: 'ack', id }));
  }

  #connect(): void {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#listen(socket);
    socket.addEventListener('open', () => {
      this.#pauseMs = FIRST_PAUSE_MS;
      this.#on.connected(true);
    });
    socket.addEventListener('message', ({ data }) => {
      this.#listen(socket);
      try {
        this.#on.message(JSON.parse(String(data)));
      } catch {
        // Nothing that could be shown.
      }
    });
    socket.addEventListener('close', () => {
      clearTimeout(this.#silence);
      this.#on.connected(false);
      // Apart from all others that lost the same service.
      const wait = this.#pauseMs * (0.5 + Math.random());
      this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
      setTimeout(() => {
        this.#connect();
      }, wait);
    });
  }

  /** A connection that is dead without having been closed is closed. */
  #listen(socket: WebSocket): void {
    clearTimeout(this.#silence);
    this.#silence = window.setTimeout(() => {
      socket.close();
    }, SILENCE_MS);
  }
}
