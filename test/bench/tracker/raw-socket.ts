import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { FrameReader } from './frames.ts';

/** How long a tracker may take to answer the upgrade. */
const UPGRADE_MS = 10_000;
const MAX_HEADER = 16_384;

/** A WebSocket that only writes finished frames and hands on what comes. */
export type RawSocket = {
  readonly write: (frame: Buffer) => void;
  /** At once, without a word. */
  readonly destroy: () => void;
};

export type RawSocketOptions = {
  /** `ws:` only. */
  readonly url: URL;
  readonly onText: (payload: Buffer) => void;
  /** The end that nobody here asked for. */
  readonly onClose: (why: string) => void;
};

/** Connects; rejects when the tracker refuses, or says nothing for ten seconds. */
export function openRawSocket(options: RawSocketOptions): Promise<RawSocket> {
  const { url, onText, onClose } = options;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: url.hostname, port: Number(url.port || 80), noDelay: true });
    const timer = setTimeout(() => {
      socket.destroy(new Error('no answer to the upgrade'));
    }, UPGRADE_MS);
    let open = false;
    let header = '';
    const reader = new FrameReader({
      onText,
      onPong: (frame) => socket.write(frame),
      onClose: (why) => {
        socket.removeAllListeners('close').destroy();
        onClose(why);
      },
    });
    socket.once('connect', () => socket.write(upgradeRequest(url)));
    socket.on('data', (chunk: Buffer) => {
      if (open) {
        reader.push(chunk);
        return;
      }
      header += chunk.toString('latin1');
      const end = header.indexOf('\r\n\r\n');
      if (end < 0 && header.length < MAX_HEADER) return;
      if (!header.startsWith('HTTP/1.1 101')) {
        socket.destroy(new Error(`refused: ${header.split('\r\n', 1)[0] ?? ''}`));
        return;
      }
      open = true;
      clearTimeout(timer);
      resolve(handle(socket));
      const rest = Buffer.from(header.slice(end + 4), 'latin1');
      if (rest.length > 0) reader.push(rest);
    });
    socket.once('error', (error) => {
      clearTimeout(timer);
      if (!open) reject(error);
    });
    socket.once('close', () => {
      clearTimeout(timer);
      if (open) onClose('the connection ended');
      else reject(new Error('the connection ended'));
    });
  });
}

function handle(socket: Socket): RawSocket {
  return {
    write: (frame) => {
      socket.write(frame);
    },
    destroy: () => {
      socket.removeAllListeners('close').destroy();
    },
  };
}

function upgradeRequest(url: URL): string {
  return [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    '\r\n',
  ].join('\r\n');
}
