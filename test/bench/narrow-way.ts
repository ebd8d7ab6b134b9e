import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { ByteRate } from './byte-rate.ts';
import type { Delivery, Way } from './way.ts';

/** So much of a body at a time: small against the rate, so that all responses share it. Bytes. */
const SLICE = 4_096;

/** An HTTP proxy in front of the origin, whose bodies below `/live/` share `kbps` kbit/s; pages pass freely. */
export async function openNarrowWay(originPort: number, kbps: number): Promise<Way> {
  const rate = new ByteRate(kbps);
  const deliveries: Delivery[] = [];
  const server = createServer((incoming, outgoing) => {
    forward(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  let closing: Promise<void> | undefined;
  return {
    httpPort: address.port,
    deliveries,
    close: () =>
      (closing ??= new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      })),
  };

  async function forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method, url = '/', headers } = incoming;
    const ask = request({ port: originPort, host: '127.0.0.1', method, path: url, headers });
    outgoing.once('close', () => ask.destroy());
    ask.end();
    const [answer] = (await once(ask, 'response')) as [IncomingMessage]; // As the event is documented.
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    const path = url.split('?')[0] ?? url;
    const limited = path.startsWith('/live/');
    let bytes = 0;
    async function* slices(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of body)
        for (let at = 0; at < chunk.length; at += SLICE) {
          const slice = chunk.subarray(at, at + SLICE);
          if (limited) await rate.take(slice.length);
          bytes += slice.length;
          yield slice;
        }
    }
    try {
      await pipeline(answer, slices, outgoing);
    } finally {
      deliveries.push({ path, bytes, userAgent: headers['user-agent'] ?? '' });
    }
  }
}
