import { connect, createServer, type Socket } from 'node:net';

/** A way to a port that can be cut, as a killed process cuts it: no close frame, nobody listening. */
export type TcpGate = {
  readonly port: number;
  readonly cut: () => Promise<void>;
  /** Lets them in again. */
  readonly open: () => Promise<void>;
};

/** Passes connections on to a port of this machine. */
export async function openGate(to: number): Promise<TcpGate> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: to });
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
  const listen = (port: number): Promise<void> =>
    new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  return {
    port,
    open: () => (server.listening ? Promise.resolve() : listen(port)),
    cut: () =>
      new Promise<void>((resolve) => {
        // When it is closed already, the callback says so, which is as good.
        server.close(() => {
          resolve();
        });
        for (const socket of sockets) socket.resetAndDestroy();
      }),
  };
}
