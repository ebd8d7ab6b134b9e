import { connect, createServer, type Socket } from 'node:net';

/** A way to a port that can be cut, as a killed process cuts it: no close frame, nobody listening. */
export type TcpGate = { readonly port: number; readonly cut: () => Promise<void> };

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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  let cutting: Promise<void> | undefined;
  return {
    port: address.port,
    cut: () =>
      (cutting ??= new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of sockets) socket.resetAndDestroy();
      })),
  };
}
