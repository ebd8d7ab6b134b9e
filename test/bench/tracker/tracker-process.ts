import { once } from 'node:events';
import { startTracker } from '@shoal/tracker';
import { Server } from 'bittorrent-tracker';
import type { HostCall, ProcessReading } from './contenders.ts';
import { startFloor } from './floor.ts';

/** A process of the bench that holds one tracker, named by its argument; answers its parent, and ends with it. */

const [, , name] = process.argv;

process.on('message', (call) => {
  // From the bench alone, which sends nothing else.
  const answer = call === ('start' satisfies HostCall) ? start() : Promise.resolve(measure());
  void answer.then((said) => process.send?.(said));
});
process.on('disconnect', () => process.exit(0));

async function start(): Promise<number> {
  if (name === 'floor') return startFloor();
  if (name === 'shoal') {
    // All peers of a bench come from one address, and a few of them announce for a whole swarm.
    const { port } = await startTracker({
      ...{ host: '127.0.0.1', port: 0, connectionsPerAddress: 100_000, connections: 100_000 },
      limits: {
        messagesPerSecond: 1e6,
        messageBurst: 1e6,
        signalsPerSecond: 1e6,
        signalBurst: 1e6,
      },
    });
    return port;
  }
  const server = new Server({ http: false, udp: false, ws: true, stats: false });
  server.on('error', () => {});
  server.on('warning', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.ws.address().port;
}

function measure(): ProcessReading {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  return { cpuUs: user + system, rssBytes: process.memoryUsage.rss() };
}
