import { startService } from '@shoal/server';

/** A process of the bench with the broadcast service; its argument is the file of its database. Asked for it, it says what memory it has. */

const [, , file = ''] = process.argv;
const collect = (globalThis as { readonly gc?: () => void }).gc;

process.on('disconnect', () => process.exit(0));
process.on('message', () => {
  collect?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({ heapBytes: heapUsed + external, rssBytes: rss });
});

const { port, adminToken } = await startService({
  http: { host: '127.0.0.1', port: 0 },
  database: { type: 'sqlite', file },
  logLevel: 'silent',
});
process.send?.({ port, adminToken });
