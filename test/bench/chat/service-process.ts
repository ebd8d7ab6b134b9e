import { type ServiceOptions, startService } from '@shoal/server';

/** A process of the bench with the broadcast service; its argument is its database, and perhaps a Redis, as JSON. Asked for it, it says what memory it has. */

const [, , options = '{}'] = process.argv;
const collect = (globalThis as { readonly gc?: () => void }).gc;

process.on('disconnect', () => process.exit(0));
process.on('message', () => {
  collect?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({ heapBytes: heapUsed + external, rssBytes: rss });
});

const { port, adminToken } = await startService({
  http: { host: '127.0.0.1', port: 0 },
  ...(JSON.parse(options) as Pick<ServiceOptions, 'database' | 'redis'>),
  logLevel: 'silent',
});
process.send?.({ port, adminToken });
