import { connect, type Socket } from 'node:net';

/** A player's connection, which costs little: two thousand of them run beside the origin. */
export type WaitingClient = {
  /** Asks, and resolves with the moment at which the whole answer was there. */
  readonly ask: (pathAndQuery: string) => Promise<Answered>;
  readonly close: () => void;
};

/** What came, and when (`performance.now()`). */
type Answered = { readonly at: number; readonly status: number; readonly bytes: number };

const STATUS = /^HTTP\/1\.1 (\d{3}) /;
const LENGTH = /\r\ncontent-length: (\d+)\r\n/i;

/** Connects to a port of this machine. */
export async function connectClient(port: number): Promise<WaitingClient> {
  const socket = await open(port);
  let waiting: { readonly done: (answer: Answered) => void; text: string } | undefined;
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    if (waiting === undefined) return;
    waiting.text += chunk;
    const head = waiting.text.indexOf('\r\n\r\n');
    const length = Number(LENGTH.exec(waiting.text)?.[1] ?? NaN);
    if (head < 0 || waiting.text.length < head + 4 + length) return;
    const { done, text } = waiting;
    waiting = undefined;
    done({ at: performance.now(), status: Number(STATUS.exec(text)?.[1]), bytes: length });
  });
  socket.on('close', () => waiting?.done({ at: performance.now(), status: 0, bytes: 0 }));
  return {
    ask: (pathAndQuery) =>
      new Promise((done) => {
        waiting = { done, text: '' };
        socket.write(`GET ${pathAndQuery} HTTP/1.1\r\nHost: bench\r\n\r\n`);
      }),
    close: () => socket.destroy(),
  };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      resolve(socket);
    });
    socket.on('error', reject);
  });
}
