import { Agent, request } from 'node:http';

/** A request as it goes out: nothing is put right. */
export type RawRequest = {
  readonly method: string;
  /** With its query, percent-encoded or not. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
};

/** What came back. */
export type RawAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
};

/** Longer than anything that the service does. */
const HANG_MS = 20_000;

/** Makes requests to a service on this machine over connections that are kept. */
export class RawClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });
  readonly #port: () => number;

  constructor(port: () => number) {
    this.#port = port;
  }

  /** Rejects where no answer comes. */
  ask({ method, target, headers, body }: RawRequest): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          ...{ host: '127.0.0.1', port: this.#port(), method, path: target, agent: this.#agent },
          headers: {
            ...headers,
            ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
          });
        },
      );
      sent.setTimeout(HANG_MS, () => {
        sent.destroy(new Error(`no answer to ${method} ${target.slice(0, 200)}`));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
