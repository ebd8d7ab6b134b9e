import { type ServiceOptions, startService } from '@shoal/server';

/** A process with a broadcast service that tests can kill; its argument is its options as JSON. */
const [, , options = '{}'] = process.argv;

process.on('disconnect', () => process.exit(0));

const service = await startService(JSON.parse(options) as ServiceOptions);
process.send?.({ port: service.port, adminToken: service.adminToken });
