import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo } from 'node:net';
import { type S3Server } from './s3-server.ts';

/** What a gate does with a request: `pass` hands it to the server behind, and what comes back to the client. */
type Answer = (request: IncomingMessage, response: ServerResponse, pass: () => void) => void;

/** Stands before an S3 server, counts what comes, and answers by itself where a test says so. */
export class S3Gate {
  /** Method and path of all requests so far. */
  readonly requests: string[] = [];
  answer: Answer = (_request, _response, pass) => {
    pass();
  };
  readonly #server: Server;
  readonly #behind: S3Server;

  private constructor(behind: S3Server) {
    this.#behind = behind;
    this.#server = createServer({ keepAliveTimeout: 2_000 }, (request, response) => {
      this.requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
      this.answer(request, response, () => {
        this.#pass(request, response);
      });
    });
  }

  static async start(behind: S3Server): Promise<S3Gate> {
    const gate = new S3Gate(behind);
    gate.#server.listen(0, '127.0.0.1');
    await once(gate.#server, 'listening');
    return gate;
  }

  get endpoint(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** Options of a store behind it. */
  get options(): {
    readonly type: 's3';
    readonly endpoint: string;
    readonly region: string;
    readonly bucket: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly pathStyle: true;
  } {
    const { bucket, accessKeyId, secretAccessKey } = this.#behind;
    const keys = { accessKeyId, secretAccessKey };
    return {
      type: 's3',
      endpoint: this.endpoint,
      region: 'eu-1',
      bucket,
      ...keys,
      pathStyle: true,
    };
  }

  /** How many requests there were whose method and path begin so. */
  count(begin: string): number {
    return this.requests.filter((line) => line.startsWith(begin)).length;
  }

  /** Sockets that are open. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    });
  }

  /** Nobody listens there any more. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { method, url, headers } = request;
    const at = { host: '127.0.0.1', port: this.#behind.port };
    const behind = httpRequest({ ...at, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    behind.on('error', () => response.destroy());
    response.on('close', () => behind.destroy());
    request.pipe(behind);
  }
}
