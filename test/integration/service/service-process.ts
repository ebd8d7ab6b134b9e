import { startService } from '@shoal/server';
import { type DatabaseOptions } from '../../../server/src/adapters/database/open-database.ts';

/** A process with a service that tests can kill; its arguments are its database as JSON and its port, which may be 0. */
const [, , database = '{}', port = '0'] = process.argv;

process.on('disconnect', () => process.exit(0));

const service = await startService({
  http: { host: '127.0.0.1', port: Number(port) },
  database: JSON.parse(database) as DatabaseOptions,
  logLevel: 'silent',
});
process.send?.({ port: service.port, adminToken: service.adminToken ?? '' });
