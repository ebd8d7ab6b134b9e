import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { parseChannelId } from '@shoal/protocol';
import { type ScriptedOrigin } from './scripted-origin.ts';

/** How it answers. */
export type Manner =
  'as it should' | 'never' | 'endlessly' | 'not JSON' | 'something else' | 'fails' | 'elsewhere';

/** The status API of a scripted origin, over real HTTP; it can also answer as no origin does. */
export class ScriptedStatusApi {
  readonly #server: Server;
  manner: Manner = 'as it should';
  asked = 0;

  private constructor(origin: ScriptedOrigin) {
    this.#server = createServer((request, response) => {
      this.asked += 1;
      this.#answer(origin, request.url ?? '', response);
    });
  }

  static async start(origin: ScriptedOrigin): Promise<ScriptedStatusApi> {
    const api = new ScriptedStatusApi(origin);
    api.#server.listen(0, '127.0.0.1');
    await once(api.#server, 'listening');
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer(origin: ScriptedOrigin, url: string, response: ServerResponse): void {
    const send = (value: unknown, status = 200): void => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(typeof value === 'string' ? value : JSON.stringify(value));
    };
    switch (this.manner) {
      case 'never':
        return;
      case 'endlessly':
        response.on('error', () => undefined);
        response.writeHead(200);
        pour(response);
        return;
      case 'not JSON':
        send('<!doctype html>');
        return;
      case 'something else':
        send({ streams: [{ channel: '../..', state: 7 }] });
        return;
      case 'fails':
        send({}, 500);
        return;
      case 'elsewhere':
        response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end();
        return;
      case 'as it should':
        this.#tell(origin, url, send);
    }
  }

  #tell(
    origin: ScriptedOrigin,
    url: string,
    send: (value: unknown, status?: number) => void,
  ): void {
    const [, name, field] = /^\/v1\/streams(?:\/([^/]+))?(?:\/(\w+))?$/.exec(url) ?? [];
    const streams = origin.list();
    if (name === undefined) {
      send({ streams: streams.map(({ channel, state }) => ({ channel, state })) });
      return;
    }
    const id = parseChannelId(name);
    const stream = streams.find(({ channel }) => id.ok && channel === id.value);
    const report = origin.reports.get(`${name}/${field ?? ''}`);
    if (stream === undefined || (field !== undefined && report === undefined)) send({}, 404);
    else if (field === undefined) send({ ...stream, renditions: [] });
    else send(field === 'recordings' || field === 'jobs' ? { [field]: report } : report);
  }
}

function pour(response: ServerResponse): void {
  const chunk = Buffer.alloc(65_536, 0x20);
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}
