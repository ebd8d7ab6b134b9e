import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** A real HTTP server on a free port of loopback. */
export type HttpOrigin = {
  readonly url: string;
  readonly requests: IncomingMessage[];
  readonly close: () => Promise<void>;
};

export async function startOrigin(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<HttpOrigin> {
  const requests: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

/** Answers with `body`, or with the byte range that was asked for; returns how many bytes that is. */
export function serveRange(
  body: Uint8Array,
  request: IncomingMessage,
  response: ServerResponse,
): number {
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  if (range === null) {
    response.writeHead(200, { 'content-length': body.length }).end(body);
    return body.length;
  }
  const from = Number(range[1]);
  const part = body.subarray(from, Number(range[2]) + 1);
  response
    .writeHead(206, {
      'content-range': `bytes ${from}-${from + part.length - 1}/${body.length}`,
      'content-length': part.length,
    })
    .end(part);
  return part.length;
}
