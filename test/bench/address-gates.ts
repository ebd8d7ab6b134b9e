import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Ways to a port of this machine that end at addresses of their own, as viewers' connections do. */
export type AddressGates = {
  /** The port to connect to in order to come from the `index`-th address. */
  readonly port: (index: number) => Promise<number>;
  /** Idempotent. */
  readonly close: () => void;
};

const ADDRESSES = 250;

/** Linux takes all of 127.0.0.0/8 for its own. */
export function openAddressGates(to: number): AddressGates {
  const servers = new Map<string, Promise<Server>>();
  const sockets = new Set<Socket>();
  const open = async (localAddress: string): Promise<Server> => {
    const server = createServer((near) => {
      const far = connect({ host: '127.0.0.1', port: to, localAddress });
      for (const socket of [near, far]) {
        sockets.add(socket);
        // Whatever ends one side ends the other: below.
        socket.on('error', () => socket.destroy());
        socket.on('close', () => sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };
  return {
    port: async (index) => {
      const address = `127.0.1.${1 + (index % ADDRESSES)}`;
      const opened = servers.get(address) ?? open(address);
      servers.set(address, opened);
      const bound = (await opened).address();
      if (bound === null || typeof bound === 'string') throw new Error('no port');
      return bound.port;
    },
    close: () => {
      for (const opened of servers.values()) void opened.then((server) => server.close());
      for (const socket of sockets) socket.destroy();
    },
  };
}
