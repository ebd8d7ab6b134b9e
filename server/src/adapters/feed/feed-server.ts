import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import { type Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Envelope, type FeedAudience } from '@shoal/protocol';
import {
  FEED_LIMITS,
  type FeedId,
  type FeedLog,
  FeedReader,
  type Replay,
} from '../../core/index.ts';
import { Frames } from './frames.ts';

/** Who asks for a feed, and which. */
export type Admission =
  | {
      readonly type: 'admitted';
      readonly feed: FeedId;
      readonly after: number | undefined;
      /** The header `Authorization` that it came with, or would have: who it is, is asked again when it says something. */
      readonly authorization: string | undefined;
    }
  | { readonly type: 'refused'; readonly status: 400 | 401 | 403 | 404 };

/** A reader that says something. The same object each time. */
export type Speaker = {
  readonly feed: FeedId;
  readonly authorization: string | undefined;
  readonly answer: (message: object) => void;
  /** Ends its connection; what it says from then on is not heard. */
  readonly close: (code: number, reason: string) => void;
};

/** What the server of feeds needs of the rest of the service. */
export type FeedServerPorts = {
  readonly log: FeedLog;
  /** Decides about a request by its token and query. */
  readonly admit: (request: IncomingMessage) => Promise<Admission>;
  /** Whether somebody may read a streamer's feed still: a token may have ended, or been taken back. Asked from time to time. Default: they may. */
  readonly mayRead?: (speaker: Speaker) => Promise<boolean>;
  /** A reader says something; what it says is JSON of unknown shape. */
  readonly onMessage: (speaker: Speaker, message: unknown) => void;
  readonly onError: (error: unknown) => void;
  readonly now: () => number;
  /** What is sent again to whoever begins to read a feed, until it is acknowledged (FEED-6). */
  readonly waiting: (feed: FeedId) => Promise<readonly Envelope[]>;
};

/** Codes with which readers are closed, beside those of RFC 6455. */
export const FEED_CLOSE = { revoked: 4403, tooSlow: 4408, tooMany: 4429 } as const;

const PATH = '/v1/events';

type Reader = {
  readonly socket: WebSocket;
  readonly feed: FeedId;
  readonly line: FeedReader;
  readonly speaker: Speaker;
  alive: boolean;
  /** Messages in the window that began then. */
  said: { readonly since: number; count: number };
};

/** Sends feeds over WebSockets: each event is encoded once, for however many readers. */
export class FeedServer {
  readonly #ports: FeedServerPorts;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: FEED_LIMITS.messageBytes,
    perMessageDeflate: false,
  });
  readonly #readers = new Map<string, Set<Reader>>();
  readonly #frames = new Frames();
  readonly #undo: (() => void)[] = [];
  #count = 0;

  constructor(ports: FeedServerPorts) {
    this.#ports = ports;
    this.#undo.push(
      ports.log.subscribe((feed, envelope) => {
        this.#publish(feed, envelope);
      }),
    );
    const timer = setInterval(() => {
      this.#keepAlive();
    }, FEED_LIMITS.keepAliveMs).unref();
    this.#undo.push(() => {
      clearInterval(timer);
    });
  }

  /** Takes over connections to `/v1/events` of a server; all others are left to whoever else listens. */
  attach(server: Server): void {
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      if ((request.url ?? '').split('?', 1)[0] === PATH) this.#upgrade(request, socket, head);
    };
    server.on('upgrade', onUpgrade);
    this.#undo.push(() => void server.off('upgrade', onUpgrade));
  }

  /** Readers of a feed. */
  readers(feed: FeedId): number {
    return this.#readers.get(keyOf(feed))?.size ?? 0;
  }

  /** Sends readers something that is worth nothing a moment later; to how many. A slow reader goes without (FEED-5). */
  pass(feed: FeedId, envelope: Envelope): number {
    return this.#publish(feed, envelope);
  }

  /** Tells readers to come again, a little apart from one another, and ends. */
  close(): void {
    for (const undo of this.#undo.splice(0)) undo();
    const reconnect = JSON.stringify({ type: 'reconnect', withinMs: 5_000 });
    for (const reader of this.#all()) {
      reader.socket.send(reconnect);
      reader.socket.close(1001, 'the server is being stopped');
    }
    this.#sockets.close();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const drop = (): void => void socket.destroy();
    socket.on('error', drop);
    if (this.#count >= FEED_LIMITS.readers) {
      refuse(socket, 503);
      return;
    }
    // Counted before it is known who it is, so that no more than so many can ask at once.
    this.#count += 1;
    const gone = (): void => {
      this.#count -= 1;
    };
    socket.once('close', gone);
    this.#ports.admit(request).then(
      (admission) => {
        if (socket.destroyed) return;
        if (admission.type === 'refused') refuse(socket, admission.status);
        else
          this.#sockets.handleUpgrade(request, socket, head, (opened) => {
            socket.off('error', drop);
            this.#open(opened, admission);
          });
      },
      (error: unknown) => {
        this.#ports.onError(error);
        refuse(socket, 503);
      },
    );
  }

  #open(socket: WebSocket, admitted: Extract<Admission, { type: 'admitted' }>): void {
    const { feed, after } = admitted;
    const reader: Reader = {
      ...{ socket, feed, line: new FeedReader(), speaker: speakerOf(socket, admitted) },
      ...{ alive: true, said: { since: this.#ports.now(), count: 0 } },
    };
    const key = keyOf(feed);
    const readers = this.#readers.get(key) ?? new Set();
    this.#readers.set(key, readers.add(reader));
    socket.on('error', () => undefined);
    socket.on('pong', () => {
      reader.alive = true;
    });
    socket.on('message', (data, isBinary) => {
      if (isBinary || !Buffer.isBuffer(data)) socket.close(1003, 'text only');
      else this.#message(reader, data.toString());
    });
    socket.once('close', () => {
      readers.delete(reader);
      if (readers.size === 0 && this.#readers.get(key) === readers) this.#readers.delete(key);
    });
    this.#begin(reader, after).catch((error: unknown) => {
      this.#ports.onError(error);
      socket.close(1011, 'the feed cannot be read');
    });
  }

  async #begin({ socket, feed, line }: Reader, after: number | undefined): Promise<void> {
    const { log, waiting } = this.#ports;
    const seq = await log.last(feed);
    const missed: Replay =
      after === undefined ? { type: 'events', events: [] } : await log.after(feed, after);
    // Of what comes later the line knows.
    const from = missed.type === 'resync' ? missed.seq : (after ?? seq);
    const again = (await waiting(feed)).filter((envelope) => envelope.seq <= from);
    const { channel, audience } = feed;
    const welcome = {
      type: 'welcome',
      channel,
      audience,
      seq,
      keepAliveMs: FEED_LIMITS.keepAliveMs,
    };
    socket.send(JSON.stringify(welcome));
    for (const envelope of again) socket.send(JSON.stringify(envelope));
    for (const effect of line.begin(after ?? seq, missed))
      if (effect.type === 'send') socket.send(this.#frames.of(effect.envelope), { binary: false });
      else socket.send(JSON.stringify(effect));
  }

  #publish(feed: FeedId, envelope: Envelope): number {
    let reached = 0;
    const passing = envelope.type === 'viewer.count';
    for (const reader of this.#readers.get(keyOf(feed)) ?? []) {
      const { socket, line } = reader;
      if (passing && socket.bufferedAmount > FEED_LIMITS.passingWaitBytes) continue;
      if (socket.bufferedAmount > FEED_LIMITS.waitBytes) {
        socket.close(FEED_CLOSE.tooSlow, 'it does not read what it is sent');
        // What waits would wait for ever.
        socket.terminate();
        continue;
      }
      reached += 1;
      for (const effect of line.event(envelope))
        if (effect.type === 'send')
          socket.send(this.#frames.of(effect.envelope), { binary: false });
    }
    return reached;
  }

  #message(reader: Reader, text: string): void {
    // A connection that is being closed still hears what is under way.
    if (reader.socket.readyState !== reader.socket.OPEN) return;
    const now = this.#ports.now();
    if (now - reader.said.since >= FEED_LIMITS.messageWindowMs)
      reader.said = { since: now, count: 0 };
    reader.said.count += 1;
    if (reader.said.count > FEED_LIMITS.messagesPerWindow) {
      reader.socket.close(FEED_CLOSE.tooMany, 'it says too much');
      return;
    }
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      reader.socket.close(1007, 'not JSON');
      return;
    }
    this.#ports.onMessage(reader.speaker, message);
  }

  #keepAlive(): void {
    const text = JSON.stringify({ type: 'keepalive', at: this.#ports.now() });
    for (const reader of this.#all()) {
      if (!reader.alive) {
        reader.socket.terminate();
        continue;
      }
      reader.alive = false;
      reader.socket.ping();
      reader.socket.send(text);
      if (reader.feed.audience === 'streamer') void this.#recheck(reader.speaker);
    }
  }

  /** Ends the connection of somebody who may read no longer (ACC-4). */
  async #recheck(speaker: Speaker): Promise<void> {
    try {
      if ((await this.#ports.mayRead?.(speaker)) !== false) return;
      speaker.answer({ type: 'revoked' });
      speaker.close(FEED_CLOSE.revoked, 'the token does not hold any more');
    } catch (error) {
      // Nobody is cut off because the database is away.
      this.#ports.onError(error);
    }
  }

  *#all(): Iterable<Reader> {
    for (const readers of this.#readers.values()) yield* readers;
  }
}

function speakerOf(
  socket: WebSocket,
  { feed, authorization }: Extract<Admission, { type: 'admitted' }>,
): Speaker {
  return {
    ...{ feed, authorization },
    answer: (message) => {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
    },
    close: (code, reason) => {
      socket.close(code, reason);
    },
  };
}

function keyOf({
  channel,
  audience,
}: {
  readonly channel: string;
  readonly audience: FeedAudience;
}) {
  return `${audience}/${channel}`;
}

function refuse(socket: Duplex, status: number): void {
  const text = STATUS_CODES[status] ?? 'Error';
  socket.end(`HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
