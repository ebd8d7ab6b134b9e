import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo } from 'node:net';

/** Deals requests out to several nodes in turn, as a load balancer does; one that cannot be reached is left out for a second. */
export class BalancedProxy {
  readonly #server: Server;
  readonly #nodes: string[];
  readonly #outUntil = new Map<string, number>();
  #next = 0;

  private constructor(nodes: readonly string[]) {
    this.#nodes = [...nodes];
    this.#server = createServer((asked, answer) => {
      this.#pass(asked, answer, this.#nodes.length);
    });
  }

  static async start(nodes: readonly string[]): Promise<BalancedProxy> {
    const proxy = new BalancedProxy(nodes);
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

  #pass(asked: IncomingMessage, answer: ServerResponse, tries: number): void {
    const node = this.#pick();
    const passed = request(
      new URL(asked.url ?? '/', node),
      { method: asked.method, headers: asked.headers },
      (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
        response.on('error', () => answer.destroy());
      },
    );
    passed.on('error', () => {
      this.#outUntil.set(node, performance.now() + 1_000);
      if (answer.headersSent) answer.destroy();
      else if (tries > 1) this.#pass(asked, answer, tries - 1);
      else answer.writeHead(502).end();
    });
    answer.on('close', () => passed.destroy());
    passed.end();
  }

  #pick(): string {
    const now = performance.now();
    const up = this.#nodes.filter((node) => (this.#outUntil.get(node) ?? 0) < now);
    const all = up.length > 0 ? up : this.#nodes;
    this.#next += 1;
    return all[this.#next % all.length] ?? '';
  }
}
