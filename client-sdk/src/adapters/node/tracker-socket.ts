import { WebSocket } from 'ws';

/** More than this in one message from the tracker ends the connection. Bytes. */
const MAX_MESSAGE = 65_536;

/** A class of WebSockets that say who they are, for a tracker client to make its sockets from. */
export function trackerSocket(userAgent: string): new (url: string) => WebSocket {
  return class extends WebSocket {
    constructor(url: string) {
      super(url, {
        maxPayload: MAX_MESSAGE,
        // Messages are small, and a zlib context for each peer is not.
        perMessageDeflate: false,
        headers: { 'user-agent': userAgent },
      });
    }
  };
}
