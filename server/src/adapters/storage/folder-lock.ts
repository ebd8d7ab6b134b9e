import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OriginError } from '../../errors.ts';

/**
 * Makes sure that one origin at a time of this machine uses a folder: two would overwrite each other's
 * numbers (ORG-5). Resolves with the release; rejects with an `OriginError` (`data-dir-in-use`). Where
 * nothing can be locked, as without a writable folder for temporary files, it resolves all the same.
 *
 * It is a local socket, because that goes with its process however that ends, and because a process id
 * in a file would be somebody else's after a restart.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const address = addressFor(folder);
  let server = await listen(address);
  if (server === 'taken' && !(await answers(address))) {
    await unlink(address).catch(() => {});
    server = await listen(address);
  }
  if (server === 'impossible') return () => Promise.resolve();
  if (server === 'taken')
    throw new OriginError(
      'data-dir-in-use',
      `the folder ${folder} is in use by another origin that runs`,
    );
  const held = server;
  held.unref();
  return () =>
    new Promise((resolve) => {
      held.close(() => {
        resolve();
      });
    });
}

/** Short, since a socket's path may have no more than about 100 characters. */
function addressFor(folder: string): string {
  const hash = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 24);
  const name = `shoal-${hash}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

function listen(address: string): Promise<Server | 'taken' | 'impossible'> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      resolve('code' in error && error.code === 'EADDRINUSE' ? 'taken' : 'impossible');
    });
    server.listen(address, () => {
      resolve(server);
    });
  });
}

/** Whether somebody is there, or only what a process that was killed has left. */
function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
