import { createSocket } from 'node:dgram';
import {
  type Encoder,
  FlvStream,
  ORIGIN_LIMITS,
  type SessionId,
  SRT_LISTEN_MS,
  srtToFlv,
} from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { startFfmpeg } from '../encoder/ffmpeg-process.ts';

/** Where one channel's publisher connects, and with what. */
export type SrtAddress = {
  readonly host: string;
  readonly port: number;
  /** 10 to 79 characters (SRT draft section 6.1.1, as libsrt limits it). */
  readonly passphrase: string;
};

/** What a listener tells; `session` is negative, so that it is never one of RTMP. */
export type SrtHandlers = {
  readonly onPublish: (session: SessionId) => void;
  readonly onTag: (session: SessionId, tag: Uint8Array) => void;
  readonly onClosed: (session: SessionId, reason: string) => void;
  /** A line of ffmpeg's log. */
  readonly onLog: (line: string) => void;
  /** For the log: it ended without a publisher, and listens again after so many milliseconds. */
  readonly onRestart: (detail: string, delayMs: number) => void;
};

const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 5_000;
const LOOK_AGAIN_MS = 500;
/** How ffmpeg says that its FLV cannot hold what a caller brings. */
const NOT_IN_FLV = /codec (\S+) not compatible with flv/;

/**
 * Takes the SRT publisher of one channel: an ffmpeg that listens, checks the passphrase, and writes what it gets as FLV, which
 * then goes the way of RTMP. It serves one caller and leaves with it, after which another one listens.
 */
export class SrtListener {
  readonly #address: SrtAddress;
  readonly #ffmpegPath: string;
  readonly #handlers: SrtHandlers;
  #ffmpeg: Encoder | undefined;
  #session: SessionId = 0;
  #publishing = false;
  #reason: string | undefined;
  #failures = 0;
  #since = 0;
  #idle: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  #closed: (() => void) | undefined;
  #closing = false;

  private constructor(address: SrtAddress, ffmpegPath: string, handlers: SrtHandlers) {
    this.#address = address;
    this.#ffmpegPath = ffmpegPath;
    this.#handlers = handlers;
  }

  /**
   * Begins to listen. Rejects with an `OriginError` when the port is taken, and stays so for as long as the listener of an origin
   * that was killed may have it.
   */
  static async start(
    address: SrtAddress,
    ffmpegPath: string,
    handlers: SrtHandlers,
  ): Promise<SrtListener> {
    await becomesFree(address);
    const listener = new SrtListener(address, ffmpegPath, handlers);
    listener.#listen();
    return listener;
  }

  /** The process that listens or receives, while there is one. */
  get pid(): number | undefined {
    return this.#ffmpeg?.pid();
  }

  /** Ends this publisher; others are none of ours. */
  drop(session: SessionId, reason: string): void {
    if (session !== this.#session || !this.#publishing) return;
    this.#reason = reason;
    this.#ffmpeg?.kill();
  }

  /** Listens no more; resolves when the process is gone. Idempotent. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#again);
    clearTimeout(this.#idle);
    if (this.#ffmpeg === undefined) return;
    await new Promise<void>((resolve) => {
      const before = this.#closed;
      this.#closed = () => {
        before?.();
        resolve();
      };
      this.#ffmpeg?.kill();
    });
  }

  #listen(): void {
    const flv = new FlvStream();
    this.#session -= 1;
    this.#publishing = false;
    this.#reason = undefined;
    this.#since = Date.now();
    const ffmpeg = startFfmpeg(
      { path: this.#ffmpegPath, call: srtToFlv(this.#address), onLog: this.#log },
      {
        onData: (bytes) => {
          const tags = flv.push(bytes);
          if (tags.ok) this.#tags(tags.value);
          else {
            this.#reason = tags.error;
            ffmpeg.kill();
          }
        },
        onDrain: () => undefined,
        onExit: (detail) => {
          this.#exited(detail);
        },
      },
    );
    this.#ffmpeg = ffmpeg;
  }

  readonly #log = (said: string): void => {
    const line = this.#without(said);
    const [, codec] = NOT_IN_FLV.exec(line) ?? [];
    if (codec !== undefined)
      this.#reason = `unsupported codec over SRT: ${codec} (publish it by Enhanced RTMP)`;
    this.#handlers.onLog(line);
  };

  /** ffmpeg names its input, which has the passphrase in it. */
  #without(text: string): string {
    return text.replaceAll(this.#address.passphrase, '(secret)');
  }

  #tags(tags: readonly Uint8Array[]): void {
    if (this.#closing || tags.length === 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      this.drop(this.#session, `no media for ${ORIGIN_LIMITS.idleMs / 1000} s`);
    }, ORIGIN_LIMITS.idleMs);
    this.#idle.unref();
    if (!this.#publishing) {
      this.#publishing = true;
      this.#handlers.onPublish(this.#session);
    }
    for (const tag of tags) this.#handlers.onTag(this.#session, tag);
  }

  #exited(detail: string): void {
    clearTimeout(this.#idle);
    this.#ffmpeg = undefined;
    // Who brings what cannot be taken is a publisher too, and is told why, as those of RTMP are.
    if (!this.#publishing && this.#reason !== undefined && !this.#closing) {
      this.#publishing = true;
      this.#handlers.onPublish(this.#session);
    }
    const published = this.#publishing;
    this.#publishing = false;
    if (published) this.#handlers.onClosed(this.#session, this.#reason ?? 'stream ended');
    if (this.#closing) {
      this.#closed?.();
      return;
    }
    // Without a caller it leaves by itself after a while.
    const usual = published || Date.now() - this.#since > 0.9 * SRT_LISTEN_MS;
    this.#failures = usual ? 0 : this.#failures + 1;
    const doubled = FIRST_BACKOFF_MS * 2 ** Math.max(0, this.#failures - 1);
    const delayMs = Math.min(doubled, LAST_BACKOFF_MS);
    if (!usual) this.#handlers.onRestart(this.#reason ?? this.#without(detail), delayMs);
    this.#again = setTimeout(() => {
      this.#listen();
    }, delayMs);
  }
}

async function becomesFree(address: SrtAddress): Promise<void> {
  for (const end = Date.now() + SRT_LISTEN_MS + 2_000; ;) {
    try {
      await expectFree(address);
      return;
    } catch (error) {
      const taken = error instanceof OriginError && error.code === 'port-in-use';
      if (!taken || Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }
}

/** ffmpeg would say that the port is taken in its log alone, again and again. */
function expectFree({ host, port }: SrtAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', (error) => {
      socket.close();
      const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
      const cause = { code, message: error.message };
      reject(OriginError.listening({ option: 'srt.port', host, port }, cause));
    });
    socket.bind({ port, address: host, exclusive: true }, () => {
      socket.close(resolve);
    });
  });
}
