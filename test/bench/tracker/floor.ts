import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** What clients of the bench say: an announce with offers, or an answer to one. */
type Said = {
  readonly info_hash: string;
  readonly peer_id: string;
  readonly offers?: readonly { readonly offer: unknown; readonly offer_id: string }[];
  readonly answer?: unknown;
  readonly offer_id?: string;
  readonly to_peer_id?: string;
};

/**
 * Not a tracker, but what sockets, `ws` and JSON alone take of one: every offer goes to somebody by chance and every answer to whom it
 * is for; nothing is checked, limited or forgotten. What a tracker takes above this is its own. Its port.
 */
export async function startFloor(): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  const sockets = new Map<string, WebSocket>();
  const peers: string[] = [];
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data: Buffer) => {
      const said = JSON.parse(data.toString()) as Said; // our own load generator alone speaks to it
      const { info_hash, peer_id, answer, offer_id } = said;
      if (!sockets.has(peer_id)) peers.push(peer_id);
      sockets.set(peer_id, socket);
      const pass = (to: string | undefined, what: object): void => {
        sockets
          .get(to ?? '')
          ?.send(JSON.stringify({ action: 'announce', info_hash, peer_id, offer_id, ...what }));
      };
      if (answer !== undefined) {
        pass(said.to_peer_id, { answer });
        return;
      }
      const counts = { interval: 120, complete: 0, incomplete: peers.length };
      socket.send(JSON.stringify({ action: 'announce', info_hash, ...counts }));
      for (const one of said.offers ?? []) {
        let to = peer_id;
        while (to === peer_id && peers.length > 1)
          to = peers[Math.floor(Math.random() * peers.length)] ?? '';
        pass(to, one);
      }
    });
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port; // it listens on TCP
}
