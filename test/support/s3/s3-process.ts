import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import { BucketInMemory } from './bucket-in-memory.ts';

/** A process with an S3 server on a free port, which it tells; its argument is the name of the bucket. */

const [, , bucket = ''] = process.argv;

process.on('disconnect', () => process.exit(0));

const server = new S3rver({
  ...{ address: '127.0.0.1', port: 0, silent: true, vhostBuckets: true },
  // Nothing is written there.
  directory: join(tmpdir(), 'shoal-s3rver'),
  configureBuckets: [],
});
const store = new BucketInMemory(bucket);
Object.assign(server, { store });
// Of Koa, which s3rver is; its types leave that out.
Object.assign(Reflect.get(server, 'context') as object, { store });
const { port } = await server.run();
process.send?.(port);
