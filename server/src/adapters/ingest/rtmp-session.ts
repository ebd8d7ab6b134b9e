import { type Socket } from 'node:net';
import logger from 'node-media-server/src/core/logger.js';
import RtmpSession from 'node-media-server/src/session/rtmp_session.js';
import {
  checkAmf0,
  FLV_TAG,
  ORIGIN_LIMITS,
  sealTag,
  TAG_HEAD_BYTES,
  TAG_OVERHEAD_BYTES,
} from '../../core/index.ts';

// Its log lines are written by whoever connects; what matters is reported through `onClosed`.
logger.log = () => {};

/** Who asks to publish: the two parts of `rtmp://host/{app}/{name}`, and their queries. */
export type PublishRequest = {
  readonly app: string;
  readonly name: string;
  /** Of the name and, after it, of the application; without question marks. */
  readonly query: string;
  /** Whether by RTMPS. */
  readonly secure: boolean;
};

/** What a connection tells its owner. After `onClosed` nothing more comes. */
type RtmpHandlers = {
  /** To be answered by `accept` or `refuse`; until then nothing of the connection is read. */
  readonly onAsk: (request: Omit<PublishRequest, 'secure'>) => void;
  /** One FLV tag of the accepted publisher, in memory of its own. */
  readonly onTag: (tag: Uint8Array) => void;
  readonly onClosed: (reason: string) => void;
};

/** Why a connection is not read at the moment. */
type PauseReason = 'asking' | 'consumer' | 'pipe';

type State = 'connecting' | 'asking' | 'publishing' | 'closed';

/** What a client did that ends its connection. */
class Violation extends Error {}

const RTMP_VERSION = 3;
const HANDSHAKE_DONE = 3;
const RTMP_FLEX_MESSAGE = 17;
const REFUSAL_MS = 500;
const SHORTEST_ACK_WINDOW = 16_384;

/**
 * One RTMP connection of a publisher: node-media-server's session with its gaps closed. Whatever a
 * client sends ends at worst this connection (ORG-2). Playing is not offered; nothing is read further
 * until a publish request has been answered, and a refused socket is destroyed (ORG-1).
 */
export class PublisherConnection {
  readonly #socket: Socket;
  readonly #rtmp: RtmpSession['rtmp'];
  readonly #handlers: RtmpHandlers;
  readonly #pauses = new Set<PauseReason>();
  readonly #timers: NodeJS.Timeout[] = [];
  #idle: NodeJS.Timeout | undefined;
  #state: State = 'connecting';
  #connected = false;
  /** Media that came in the same read as the publish request. */
  #early: Uint8Array[] = [];
  #read = 0;
  #acknowledged = 0;

  constructor(socket: Socket, handlers: RtmpHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#rtmp = new RtmpSession(socket).rtmp;
    // A parser for HTTP-FLV with a buffer of a megabyte that RTMP never uses.
    this.#rtmp.flv = undefined;
    this.#guard();
    socket.setNoDelay(true);
    socket.setKeepAlive(true, ORIGIN_LIMITS.idleMs);
    socket.on('data', this.#onData);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed('connection closed');
    });
    this.#after(ORIGIN_LIMITS.handshakeMs, () => {
      if (this.#rtmp.handshakeState !== HANDSHAKE_DONE) this.close('no RTMP handshake');
    });
    this.#after(ORIGIN_LIMITS.publishMs, () => {
      if (this.#state !== 'publishing') this.close('nothing published');
    });
  }

  /** Whether its publish request was accepted. */
  get publishing(): boolean {
    return this.#state === 'publishing';
  }

  /** Lets the publisher that asked send its media. */
  accept(): void {
    if (this.#state !== 'asking') return;
    this.#state = 'publishing';
    this.#rtmp.respondPublish();
    this.#idle = this.#after(ORIGIN_LIMITS.idleMs, this.#onIdle);
    const early = this.#early;
    this.#early = [];
    for (const tag of early) this.#handlers.onTag(tag);
    this.resume('asking');
  }

  /** Tells the publisher that asked no, and destroys the connection. */
  refuse(reason: string): void {
    if (this.#state !== 'asking') return;
    const { streamId } = this.#rtmp;
    const code = 'NetStream.Publish.BadName';
    this.#rtmp.sendStatusMessage(streamId ?? 0, 'error', code, reason);
    this.#closed(reason);
    const socket = this.#socket;
    const timer = setTimeout(() => {
      socket.destroy();
    }, REFUSAL_MS);
    socket.once('close', () => {
      clearTimeout(timer);
    });
    socket.end(() => {
      socket.destroy();
    });
  }

  /** Stops reading; the connection counts as alive meanwhile. */
  pause(reason: Exclude<PauseReason, 'asking'>): void {
    if (this.#state === 'closed') return;
    this.#pauses.add(reason);
    this.#socket.pause();
  }

  /** Undoes one `pause`. */
  resume(reason: PauseReason): void {
    this.#pauses.delete(reason);
    if (this.#state !== 'closed' && this.#pauses.size === 0) this.#socket.resume();
  }

  /** Destroys the connection. Idempotent. */
  close(reason: string): void {
    this.#closed(reason);
    this.#socket.destroy();
  }

  readonly #onData = (data: Buffer): void => {
    const first = this.#read === 0;
    this.#read += data.length;
    try {
      if (first && data[0] !== RTMP_VERSION) throw new Violation('not RTMP');
      const error = this.#rtmp.parserData(data);
      if (error !== null) this.close(error);
      else this.#acknowledge();
    } catch (error) {
      // Anything: the parser throws on much that a client can send.
      this.close(error instanceof Violation ? error.message : 'malformed RTMP');
    }
  };

  readonly #onIdle = (): void => {
    if (this.#pauses.size > 0) this.#idle?.refresh();
    else this.close('no media for 10 s');
  };

  /** RTMP specification, section 5.4.3: some hardware encoders wait for it. */
  #acknowledge(): void {
    const window = Math.max(this.#rtmp.ackSize ?? Infinity, SHORTEST_ACK_WINDOW);
    if (this.#state === 'closed' || this.#read - this.#acknowledged < window) return;
    this.#acknowledged = this.#read;
    this.#rtmp.sendACK(this.#read >>> 0);
  }

  #closed(reason: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#early = [];
    for (const timer of this.#timers) clearTimeout(timer);
    this.#socket.off('data', this.#onData);
    this.#socket.pause();
    this.#handlers.onClosed(reason);
  }

  #after(ms: number, run: () => void): NodeJS.Timeout {
    const timer = setTimeout(run, ms);
    this.#timers.push(timer);
    return timer;
  }

  #guard(): void {
    const rtmp = this.#rtmp;
    rtmp.onOutputCallback = (buffer) => {
      if (this.#socket.writableLength > ORIGIN_LIMITS.rtmpOutputBytes)
        throw new Violation('answers are not read');
      if (this.#socket.writable) this.#socket.write(buffer);
    };
    rtmp.onPlay = () => {
      throw new Violation('playing over RTMP is not offered');
    };
    rtmp.onDeleteStream = () => {
      throw new Violation('stream ended');
    };
    rtmp.onPublish = ({ streamName }) => {
      this.#publish(streamName);
    };
    rtmp.dataHandler = () => {
      this.#media();
    };
    this.#guardCommands();
    this.#guardChunks();
  }

  #guardCommands(): void {
    const rtmp = this.#rtmp;
    const connect = rtmp.onConnect.bind(rtmp);
    rtmp.onConnect = (message) => {
      if (this.#connected) throw new Violation('a second connect');
      connect(message);
      this.#connected = true;
    };
    const createStream = rtmp.onCreateStream.bind(rtmp);
    rtmp.onCreateStream = (message) => {
      if (!this.#connected) throw new Violation('createStream before connect');
      createStream(message);
    };
    const invoke = rtmp.invokeHandler.bind(rtmp);
    rtmp.invokeHandler = () => {
      const { header, payload } = rtmp.parserPacket;
      const from = header.type === RTMP_FLEX_MESSAGE ? 1 : 0;
      if (header.length > ORIGIN_LIMITS.rtmpCommandBytes) throw new Violation('command too large');
      const checked = checkAmf0(payload.subarray(from, header.length));
      if (!checked.ok) throw new Violation(checked.error);
      invoke();
    };
    const control = rtmp.controlHandler.bind(rtmp);
    rtmp.controlHandler = () => {
      const { header, payload } = rtmp.parserPacket;
      const setsChunkSize = header.type === 1;
      if ((setsChunkSize || header.type === 5) && header.length < 4)
        throw new Violation('control message too short');
      const size = setsChunkSize ? payload.readUInt32BE() : 1;
      if (size < 1 || size > 0x7fff_ffff) throw new Violation('impossible chunk size');
      control();
    };
  }

  /** Bounds what the parser allocates: chunk streams, message sizes, and sizes that change midway. */
  #guardChunks(): void {
    const rtmp = this.#rtmp;
    const read = rtmp.chunkMessageHeaderRead.bind(rtmp);
    rtmp.chunkMessageHeaderRead = () => {
      const packet = rtmp.parserPacket;
      const before = packet.header.length;
      const offset = read();
      if (packet.bytes > 0 && packet.header.length !== before)
        throw new Violation('message length changed midway');
      const { rtmpMessageBytes, rtmpCommandBytes } = ORIGIN_LIMITS;
      // Whoever has not shown a key needs no memory for media.
      const most = this.#state === 'connecting' ? rtmpCommandBytes : rtmpMessageBytes;
      if (packet.header.length > most) throw new Violation('message too large');
      if (rtmp.inPackets.size > ORIGIN_LIMITS.chunkStreams)
        throw new Violation('too many chunk streams');
      return offset;
    };
  }

  #publish(streamName: unknown): void {
    const { streamApp } = this.#rtmp;
    if (!this.#connected) throw new Violation('publish before connect');
    if (this.#state !== 'connecting') throw new Violation('a second publish');
    if (typeof streamApp !== 'string' || typeof streamName !== 'string' || streamName === '')
      throw new Violation('publish without a name');
    const [name, ofName] = splitQuery(streamName);
    const [app, ofApp] = splitQuery(streamApp);
    const query = [ofName, ofApp].filter((part) => part !== '').join('&');
    if (query.length > ORIGIN_LIMITS.accessQueryChars) throw new Violation('query too long');
    this.#rtmp.streamId = this.#rtmp.parserPacket.header.stream_id;
    // What Publish.Start repeats to the publisher: never its key.
    this.#rtmp.streamName = 'stream';
    this.#state = 'asking';
    this.#pauses.add('asking');
    this.#socket.pause();
    this.#handlers.onAsk({ app, name, query });
  }

  #media(): void {
    if (this.#state === 'connecting') throw new Violation('media before publish');
    if (this.#state === 'closed') return;
    const { header, clock, payload } = this.#rtmp.parserPacket;
    // Metadata is not needed, and a key frame of zero bytes is no key frame.
    const media = header.type === FLV_TAG.audio || header.type === FLV_TAG.video;
    if (!media || header.length === 0) return;
    // The parser reuses its payload for the next message.
    const tag = Buffer.allocUnsafe(header.length + TAG_OVERHEAD_BYTES);
    payload.copy(tag, TAG_HEAD_BYTES, 0, header.length);
    sealTag(tag, header.type, clock);
    this.#idle?.refresh();
    if (this.#state === 'asking') this.#early.push(tag);
    else this.#handlers.onTag(tag);
  }
}

function splitQuery(text: string): readonly [before: string, query: string] {
  const at = text.indexOf('?');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
