import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { until } from '../../support/until.ts';

const file = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));
/** What processes that are to trust a secure receiver are given as `NODE_EXTRA_CA_CERTS`. */
export const CERTIFICATE: string = file('cert.pem');
const KEY = file('key.pem');

/** A delivery as it came. */
export type Received = {
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly body: { readonly type: string } & Readonly<Record<string, unknown>>;
};

/** A real receiver of webhooks on loopback. */
export class Receiver {
  readonly #server: Server;
  readonly #secure: boolean;
  readonly received: Received[] = [];
  /** What it answers; undefined: nothing, for ever. */
  answer: { readonly status: number; readonly headers?: Record<string, string> } | undefined = {
    status: 204,
  };

  private constructor(server: Server, secure: boolean) {
    this.#server = server;
    this.#secure = secure;
  }

  /** Over TLS with the tests' own certificate, which nobody trusts unasked, where it is `secure`. */
  static async start({ secure = false } = {}): Promise<Receiver> {
    const server = secure
      ? createSecureServer({ cert: readFileSync(CERTIFICATE), key: readFileSync(KEY) })
      : createServer();
    const receiver = new Receiver(server, secure);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const { headers } = request;
        receiver.received.push({ headers, text, body: JSON.parse(text) as Received['body'] });
        const { answer } = receiver;
        if (answer !== undefined) response.writeHead(answer.status, answer.headers).end('thanks');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${this.#secure ? 'https://localhost' : 'http://127.0.0.1'}:${port}/hook`;
  }

  /** Waits until so many of this type came. */
  async of(type: string, count = 1): Promise<readonly Received[]> {
    const found = (): Received[] => this.received.filter(({ body }) => body.type === type);
    await until(() => found().length >= count, { what: `${count} of ${type}`, timeoutMs: 30_000 });
    return found();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Whether a delivery is signed with a secret, as the reference library has it. */
export function isSigned({ headers, text }: Received, secret: string): boolean {
  try {
    new Webhook(secret).verify(text, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
