import { createServer, request, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

type Kept = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly until: number;
};

/**
 * A shared cache in front of an origin, as a CDN is one (RFC 9111): the whole URL is the key, it keeps what the headers allow and as long
 * as they do, and of those who ask for the same at the same time it sends one on.
 */
export class CachingProxy {
  readonly #server: Server;
  readonly #origin: string;
  readonly #kept = new Map<string, Kept>();
  readonly #asking = new Map<string, Promise<Kept>>();
  /** URLs that were sent on, in order. */
  readonly passed: string[] = [];

  private constructor(origin: string) {
    this.#origin = origin;
    this.#server = createServer((asked, answer) => {
      void this.#get(asked.url ?? '/').then(
        ({ status, headers, body }) => answer.writeHead(status, headers).end(body),
        () => answer.writeHead(502).end(),
      );
    });
  }

  static async start(origin: string): Promise<CachingProxy> {
    const proxy = new CachingProxy(origin);
    await new Promise<void>((resolve) => {
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #get(url: string): Promise<Kept> {
    const kept = this.#kept.get(url);
    if (kept !== undefined && performance.now() < kept.until) return Promise.resolve(kept);
    const under = this.#asking.get(url);
    if (under !== undefined) return under;
    const asking = this.#ask(url).finally(() => this.#asking.delete(url));
    this.#asking.set(url, asking);
    return asking;
  }

  #ask(url: string): Promise<Kept> {
    this.passed.push(url);
    return new Promise((resolve, reject) => {
      const passing = request(new URL(url, this.#origin), (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status = 502, headers } = response;
          const seconds = sharedSeconds(headers['cache-control'] ?? '');
          const until = performance.now() + 1_000 * seconds;
          const kept = { status, headers, body: Buffer.concat(chunks), until };
          if (seconds > 0) this.#kept.set(url, kept);
          resolve(kept);
        });
      });
      passing.on('error', reject);
      passing.end();
    });
  }
}

/** RFC 9111 section 5.2.2: `s-maxage` comes before `max-age` in a shared cache. */
function sharedSeconds(control: string): number {
  if (control.includes('no-store')) return 0;
  const [, seconds] = /s-maxage=(\d+)/.exec(control) ?? /max-age=(\d+)/.exec(control) ?? [];
  return Number(seconds ?? 0);
}
