/** The part of bittorrent-tracker 11 that tests and bench use; the package ships no types. */
declare module 'bittorrent-tracker' {
  import type { EventEmitter } from 'node:events';

  /** A data channel with its connection (`@thaunknown/simple-peer`). */
  export type StockPeer = EventEmitter & {
    readonly id: string;
    readonly send: (data: string) => void;
    readonly destroy: () => void;
  };

  export default class Client extends EventEmitter {
    constructor(options: {
      readonly infoHash: string;
      readonly peerId: Uint8Array;
      readonly announce: readonly string[];
      readonly port: number;
      readonly rtcConfig?: object;
    });
    start(): void;
    update(): void;
    stop(): void;
    scrape(): void;
    destroy(done?: () => void): void;
  }

  export class Server extends EventEmitter {
    constructor(options: {
      readonly http: boolean;
      readonly udp: boolean;
      readonly ws: boolean;
      readonly stats: boolean;
    });
    readonly ws: { readonly address: () => { readonly port: number } };
    listen(port: number, host: string): void;
  }
}
