import { type Fields, fieldsOf, numberOf, textOf } from './fields.ts';

/** An event of a feed, with its fields unread. */
export type FeedNews = {
  readonly type: string;
  readonly id: string;
  /** Its number in the feed. */
  readonly seq: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly data: Fields;
};

/** Which feed, and who reads it. */
export type FeedChoice = {
  /** URL of the page or of the service: `/v1/events` is there. */
  readonly base: string;
  readonly channel: string;
  readonly audience: 'viewers' | 'streamer';
  /** False for a page that does not play the channel, and is no viewer of it. Default true. */
  readonly watches?: boolean;
  /** Nobody in particular without. */
  readonly token?: string | undefined;
};

/** What becomes of it. */
export type FeedHandlers = {
  readonly event: (event: FeedNews) => void;
  /** It is there, or was lost; lost is also what never was there. */
  readonly connected?: (isConnected: boolean) => void;
  /** Events were missed for good, or there was no feed before: what is shown is to be read anew. */
  readonly resync?: () => void;
};

/** A connection that somebody opened. */
export type FeedSocket = { readonly send: (text: string) => void; readonly close: () => void };

/** What the feed needs of the page. */
export type FeedEnvironment = {
  readonly open: (
    url: string,
    on: { readonly message: (text: string) => void; readonly close: () => void },
  ) => FeedSocket;
  /** Runs something later; returns its undo. */
  readonly later: (run: () => void, ms: number) => () => void;
  /** From 0 to 1. */
  readonly random: () => number;
};

/** Bounds of waiting. */
export const FEED_TIMES = {
  firstPauseMs: 500,
  longestPauseMs: 15_000,
  /** Longer than two keepalives of the service are apart. */
  silenceMs: 40_000,
} as const;

/** A connection to a feed that comes back by itself, and goes on after the last event that it was told (FEED-3). */
export class FeedClient {
  readonly #choice: FeedChoice;
  readonly #on: FeedHandlers;
  readonly #environment: FeedEnvironment;
  #socket: FeedSocket | undefined;
  #isWelcome = false;
  /** The number of the last event; undefined before the first welcome. */
  #seq: number | undefined;
  #pauseMs: number = FEED_TIMES.firstPauseMs;
  /** What the service asked for, for when it ends the connection. */
  #askedMs: number | undefined;
  #undoSilence: () => void = () => undefined;
  #undoPause: () => void = () => undefined;
  #isClosed = false;

  constructor(choice: FeedChoice, on: FeedHandlers, environment: FeedEnvironment = PAGE) {
    this.#choice = choice;
    this.#on = on;
    this.#environment = environment;
    this.#connect();
  }

  /** Says something, if there is a connection; whether there was. */
  say(message: object): boolean {
    if (this.#socket === undefined || !this.#isWelcome) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Ends it for good. */
  close(): void {
    this.#isClosed = true;
    this.#undoSilence();
    this.#undoPause();
    this.#socket?.close();
  }

  #connect(): void {
    this.#isWelcome = false;
    this.#askedMs = undefined;
    const socket = this.#environment.open(feedUrl(this.#choice, this.#seq), {
      message: (text) => {
        if (this.#socket !== socket) return;
        this.#listen(socket);
        this.#read(text);
      },
      close: () => {
        if (this.#socket === socket) this.#lost();
      },
    });
    this.#socket = socket;
    this.#listen(socket);
  }

  #read(text: string): void {
    let message: Fields;
    try {
      message = fieldsOf(JSON.parse(text));
    } catch {
      return;
    }
    const [type, seq] = [textOf(message['type']), numberOf(message['seq'])];
    switch (type) {
      case 'welcome':
        this.#welcome(seq ?? 0);
        return;
      case 'resync':
        this.#seq = seq ?? 0;
        this.#on.resync?.();
        return;
      case 'reconnect':
        this.#askedMs = numberOf(message['withinMs']);
        return;
    }
    const id = textOf(message['id']);
    if (id === '' || seq === undefined) return;
    this.#seq = Math.max(this.#seq ?? 0, seq);
    this.#on.event({
      ...{ type, id, seq, at: numberOf(message['at']) ?? 0 },
      data: fieldsOf(message['data']),
    });
  }

  #welcome(seq: number): void {
    this.#isWelcome = true;
    this.#pauseMs = FEED_TIMES.firstPauseMs;
    this.#on.connected?.(true);
    if (this.#seq !== undefined) return;
    this.#seq = seq;
    this.#on.resync?.();
  }

  #lost(): void {
    this.#socket = undefined;
    this.#isWelcome = false;
    this.#undoSilence();
    if (this.#isClosed) return;
    this.#on.connected?.(false);
    const { random, later } = this.#environment;
    // Apart from all others that lost the same service.
    const wait =
      this.#askedMs === undefined ? this.#pauseMs * (0.5 + random()) : this.#askedMs * random();
    this.#pauseMs = Math.min(2 * this.#pauseMs, FEED_TIMES.longestPauseMs);
    this.#undoPause = later(() => {
      this.#connect();
    }, wait);
  }

  /** A connection that is dead without having been closed is given up. */
  #listen(socket: FeedSocket): void {
    this.#undoSilence();
    this.#undoSilence = this.#environment.later(() => {
      socket.close();
      if (this.#socket === socket) this.#lost();
    }, FEED_TIMES.silenceMs);
  }
}

/** The address of a feed, from after a number on. */
export function feedUrl(choice: FeedChoice, after: number | undefined): string {
  const url = new URL('/v1/events', choice.base);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const { channel, audience, watches = true, token } = choice;
  url.search = new URLSearchParams({
    ...{ channel, audience },
    ...(!watches && { watching: '0' }),
    ...(token !== undefined && { token }),
    ...(after !== undefined && { after: String(after) }),
  }).toString();
  url.hash = '';
  return url.href;
}

const PAGE: FeedEnvironment = {
  open: (url, on) => {
    const socket = new WebSocket(url);
    socket.addEventListener('message', ({ data }) => {
      on.message(String(data));
    });
    socket.addEventListener('close', on.close);
    return {
      send: (text) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(text);
      },
      close: () => {
        socket.close();
      },
    };
  },
  later: (run, ms) => {
    const timer = setTimeout(run, ms);
    return () => {
      clearTimeout(timer);
    };
  },
  random: Math.random,
};
