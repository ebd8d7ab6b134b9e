import { once } from 'node:events';
import { WebSocket } from 'ws';

/** What a reader is told that counts: the text of a message or the title, and its number. */
export type Told = { readonly seq: number; readonly text: string };

type Heard = {
  readonly type: string;
  readonly seq?: number;
  readonly data?: { readonly text?: string; readonly title?: string };
};

/** What readers make of a message; all of them are sent the same bytes, which are read once, so that reading holds up no reader. */
class Reading {
  #bytes = Buffer.alloc(0);
  #heard: Heard = { type: '' };

  of(bytes: Buffer): Heard {
    if (!bytes.equals(this.#bytes)) {
      this.#heard = JSON.parse(bytes.toString()) as Heard;
      // What `ws` hands over may be a part of something larger, which is used again.
      this.#bytes = Buffer.from(bytes);
    }
    return this.#heard;
  }
}

const reading = new Reading();

/** A reader of the channel; `onTold` is called as it is told. */
export class FeedClient {
  readonly #socket: WebSocket;
  /** Messages that the service did not take. */
  refused = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Resolves when it is welcomed. */
  static async connect(url: string, onTold: (told: Told) => void): Promise<FeedClient> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const client = new FeedClient(socket);
    const welcomed = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        const heard = reading.of(data);
        if (heard.type === 'welcome') resolve();
        else if (heard.type === 'chat.refused') client.refused += 1;
        else if (heard.type === 'chat.message' || heard.type === 'channel.updated')
          onTold({ seq: heard.seq ?? 0, text: heard.data?.text ?? heard.data?.title ?? '' });
      });
    });
    await once(socket, 'open');
    await welcomed;
    return client;
  }

  write(text: string): void {
    this.#socket.send(JSON.stringify({ type: 'chat.send', ref: text, text }));
  }

  close(): void {
    this.#socket.terminate();
  }
}
