import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import { type Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Envelope, type PassingEvent } from '@shoal/protocol';
import {
  FEED_LIMITS,
  type FeedId,
  type FeedLog,
  FeedReader,
  type ReaderEffect,
  type Replay,
} from '../../core/index.ts';
import { type ReaderEnd, type ServiceMetrics } from '../metrics/service-metrics.ts';
import { type Audience, Audiences } from './audiences.ts';
import { frameOf } from './frames.ts';

/** Who asks for a feed, and which. */
export type Admission =
  | {
      readonly type: 'admitted';
      readonly feed: FeedId;
      readonly after: number | undefined;
      /** False for who reads without watching, and does not count as a viewer. Default true. */
      readonly watches?: boolean;
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
  /** A feed has readers from now on, until the answer is called. */
  readonly follow?: (feed: FeedId) => () => void;
  /** Counts what happens. */
  readonly meter?: FeedMeter;
};

/** What is counted of readers. */
type FeedMeter = Pick<
  ServiceMetrics,
  'readerOpened' | 'readerClosed' | 'readerRefused' | 'readerEnded' | 'sent' | 'resync'
>;

/** Codes with which readers are closed, beside those of RFC 6455. */
export const FEED_CLOSE = { revoked: 4403, tooSlow: 4408, tooMany: 4429 } as const;

/** Where feeds are. */
export const FEED_PATH = '/v1/events';

type Admitted = Extract<Admission, { type: 'admitted' }>;

type Reader = {
  readonly socket: WebSocket;
  /** What the socket sends over: whole frames are written past it. */
  readonly wire: Duplex;
  readonly feed: FeedId;
  readonly line: FeedReader;
  readonly speaker: Speaker;
  alive: boolean;
  /** Messages in the window that began then. */
  said: { readonly since: number; count: number };
};

/** Sends feeds over WebSockets: what comes at one moment is encoded once, for however many readers, and is one write to each. */
export class FeedServer {
  readonly #ports: FeedServerPorts;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: FEED_LIMITS.messageBytes,
    perMessageDeflate: false,
  });
  readonly #audiences: Audiences<Reader>;
  readonly #undo: (() => void)[] = [];
  #count = 0;

  constructor(ports: FeedServerPorts) {
    this.#ports = ports;
    this.#audiences = new Audiences(ports.follow);
    this.#undo.push(
      ports.log.subscribe(
        (feed, envelope) => {
          this.#publish(feed, envelope);
        },
        (feed, seq) => {
          this.#lost(feed, seq);
        },
      ),
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
      if ((request.url ?? '').split('?', 1)[0] === FEED_PATH) this.#upgrade(request, socket, head);
    };
    server.on('upgrade', onUpgrade);
    this.#undo.push(() => void server.off('upgrade', onUpgrade));
  }

  /** Readers of a feed. */
  readers(feed: FeedId): number {
    return this.#audiences.of(feed)?.readers.size ?? 0;
  }

  /** All feeds that have readers. */
  audiences(): Iterable<Audience<unknown>> {
    return this.#audiences.all();
  }

  /** Sends readers something that is worth nothing a moment later; to how many. A slow reader goes without (FEED-5). */
  pass(
    feed: FeedId,
    event: PassingEvent,
    of: { readonly id: string; readonly at: number },
  ): number {
    const audience = this.#audiences.of(feed);
    if (audience === undefined) return 0;
    this.#flush(audience);
    const { channel } = feed;
    const envelope = { ...event, ...of, ...({ version: 1, channel, seq: audience.seq } as const) };
    const frame = frameOf(envelope);
    let reached = 0;
    for (const { socket, wire, line } of audience.readers) {
      if (wire.writableLength > FEED_LIMITS.passingWaitBytes) continue;
      reached += 1;
      if (line.event(envelope).length > 0 && socket.readyState === socket.OPEN) wire.write(frame);
    }
    this.#ports.meter?.sent(reached);
    return reached;
  }

  /** Tells readers to come again, a little apart from one another, and ends. */
  close(): void {
    for (const undo of this.#undo.splice(0)) undo();
    for (const audience of this.#audiences.all()) this.#flush(audience);
    const reconnect = JSON.stringify({ type: 'reconnect', withinMs: 5_000 });
    for (const reader of this.#audiences.readers()) {
      reader.socket.send(reconnect);
      reader.socket.close(1001, 'the server is being stopped');
    }
    this.#sockets.close();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const drop = (): void => void socket.destroy();
    socket.on('error', drop);
    if (this.#count >= FEED_LIMITS.readers) {
      this.#refuse(socket, 503);
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
        if (admission.type === 'refused') this.#refuse(socket, admission.status);
        else
          this.#sockets.handleUpgrade(request, socket, head, (opened) => {
            socket.off('error', drop);
            this.#open(opened, socket, admission);
          });
      },
      (error: unknown) => {
        this.#ports.onError(error);
        this.#refuse(socket, 503);
      },
    );
  }

  #open(socket: WebSocket, wire: Duplex, admitted: Admitted): void {
    const { feed, after } = admitted;
    const reader: Reader = {
      ...{ socket, wire, feed, line: new FeedReader(), speaker: speakerOf(socket, admitted) },
      ...{ alive: true, said: { since: this.#ports.now(), count: 0 } },
    };
    const audience = this.#audiences.join(feed, reader, admitted.watches);
    const { meter } = this.#ports;
    meter?.readerOpened(feed.audience);
    socket.on('error', () => undefined);
    socket.on('pong', () => {
      reader.alive = true;
    });
    socket.on('message', (data, isBinary) => {
      if (isBinary || !Buffer.isBuffer(data)) this.#end(socket, 'bad-message', [1003, 'text only']);
      else this.#message(reader, data.toString());
    });
    socket.once('close', () => {
      meter?.readerClosed(feed.audience);
      this.#audiences.leave(feed, reader);
    });
    this.#begin(reader, audience, after).catch((error: unknown) => {
      this.#ports.onError(error);
      this.#end(socket, 'failed', [1011, 'the feed cannot be read']);
    });
  }

  async #begin(reader: Reader, of: Audience<Reader>, after: number | undefined): Promise<void> {
    const { log, waiting, meter } = this.#ports;
    const { socket, feed, line } = reader;
    const seq = await log.last(feed);
    of.seq = Math.max(of.seq, seq);
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
    meter?.sent(again.length);
    for (const effect of line.begin(after ?? seq, missed)) this.#send(reader, effect);
  }

  #send({ socket, wire }: Reader, effect: ReaderEffect): void {
    if (socket.readyState !== socket.OPEN) return;
    if (effect.type === 'send') {
      wire.write(frameOf(effect.envelope));
      this.#ports.meter?.sent(1);
    } else {
      socket.send(JSON.stringify(effect));
      this.#ports.meter?.resync();
    }
  }

  #lost(feed: FeedId, seq: number): void {
    const audience = this.#audiences.of(feed);
    if (audience === undefined) return;
    this.#flush(audience);
    audience.seq = seq;
    for (const reader of audience.readers)
      for (const effect of reader.line.lost(seq)) this.#send(reader, effect);
  }

  /**
   * Sends an event once whatever else is going on has had its turn: those that come together, as when the machine was busy, are sent in one
   * piece. Writing to sockets is most of the work here.
   */
  #publish(feed: FeedId, envelope: Envelope): void {
    const audience = this.#audiences.of(feed);
    if (audience === undefined) return;
    audience.seq = envelope.seq;
    audience.pending.push(envelope);
    if (audience.pending.length >= FEED_LIMITS.together) this.#flush(audience);
    else if (audience.pending.length === 1)
      setImmediate(() => {
        this.#flush(audience);
      });
  }

  #flush(audience: Audience<Reader>): void {
    const events = audience.pending.splice(0);
    const [first, last] = [events[0]?.seq ?? 0, events.at(-1)?.seq ?? 0];
    if (last === 0) return;
    const frames = Buffer.concat(events.map(frameOf));
    let sent = 0;
    for (const reader of audience.readers) {
      const { socket, wire, line } = reader;
      if (!this.#keepsUp(reader)) continue;
      if (socket.readyState === socket.OPEN && line.takesAll(first, last)) {
        wire.write(frames);
        sent += events.length;
      } else
        for (const event of events)
          for (const effect of line.event(event)) this.#send(reader, effect);
    }
    this.#ports.meter?.sent(sent);
  }

  /** One that does not is closed. */
  #keepsUp({ socket, wire }: Reader): boolean {
    if (wire.writableLength <= FEED_LIMITS.waitBytes) return true;
    this.#end(socket, 'too-slow', [FEED_CLOSE.tooSlow, 'it does not read what it is sent']);
    // What waits would wait for ever.
    socket.terminate();
    return false;
  }

  #refuse(socket: Duplex, status: number): void {
    this.#ports.meter?.readerRefused(status);
    refuse(socket, status);
  }

  #end(socket: WebSocket, why: ReaderEnd, [code, reason]: readonly [number, string]): void {
    if (socket.readyState === socket.OPEN) this.#ports.meter?.readerEnded(why);
    socket.close(code, reason);
  }

  #message(reader: Reader, text: string): void {
    // A connection that is being closed still hears what is under way.
    if (reader.socket.readyState !== reader.socket.OPEN) return;
    const now = this.#ports.now();
    if (now - reader.said.since >= FEED_LIMITS.messageWindowMs)
      reader.said = { since: now, count: 0 };
    reader.said.count += 1;
    if (reader.said.count > FEED_LIMITS.messagesPerWindow) {
      this.#end(reader.socket, 'too-many', [FEED_CLOSE.tooMany, 'it says too much']);
      return;
    }
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      this.#end(reader.socket, 'bad-message', [1007, 'not JSON']);
      return;
    }
    this.#ports.onMessage(reader.speaker, message);
  }

  #keepAlive(): void {
    const text = JSON.stringify({ type: 'keepalive', at: this.#ports.now() });
    for (const reader of this.#audiences.readers()) {
      if (!reader.alive) {
        this.#ports.meter?.readerEnded('no-answer');
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
}

function speakerOf(socket: WebSocket, { feed, authorization }: Admitted): Speaker {
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

/** Answers a request for a WebSocket that gets none. */
export function refuse(socket: Duplex, status: number): void {
  const text = STATUS_CODES[status] ?? 'Error';
  socket.end(`HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
