import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import { BucketInMemory } from './bucket-in-memory.ts';
import { isSigned } from './signature.ts';

/** A process with an S3 server on a free port, which it tells; its arguments are the name of the bucket and the keys. */

const [, , bucket = '', accessKeyId = '', secretAccessKey = ''] = process.argv;

process.on('disconnect', () => process.exit(0));

const s3rver = new S3rver({
  ...{ silent: true, vhostBuckets: true, serviceEndpoint: 'example', configureBuckets: [] },
  // Nothing is written there.
  directory: join(tmpdir(), 'shoal-s3rver'),
});
const store = new BucketInMemory(bucket);
Object.assign(s3rver, { store });
// Of Koa, which s3rver is; its types leave that out.
Object.assign(Reflect.get(s3rver, 'context') as object, { store });
const answer = s3rver.callback();

/** What s3rver does not know: to list uploads that are not complete, and to abort one. */
function answerUpload(request: IncomingMessage, response: ServerResponse): boolean {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
  const id = searchParams.get('uploadId');
  if (request.method === 'DELETE' && id !== null) {
    response.writeHead(store.uploads.delete(id) ? 204 : 404).end();
    return true;
  }
  if (request.method !== 'GET' || !searchParams.has('uploads')) return false;
  if (!pathname.startsWith(`/${bucket}`)) return false;
  const prefix = searchParams.get('prefix') ?? '';
  const most = Number(searchParams.get('max-uploads'));
  const found = [...store.uploads].filter(([, { key }]) => key.startsWith(prefix));
  const uploads = found
    .slice(0, most)
    .map(
      ([uploadId, { key }]) => `<Upload><Key>${key}</Key><UploadId>${uploadId}</UploadId></Upload>`,
    );
  const more = `<IsTruncated>${String(found.length > most)}</IsTruncated>`;
  response.end(
    `<ListMultipartUploadsResult>${more}${uploads.join('')}</ListMultipartUploadsResult>`,
  );
  return true;
}

const server = createServer((request, response) => {
  // s3rver takes any signature of version 4.
  void isSigned(request, { accessKeyId, secretAccessKey }).then((signed) => {
    if (signed) {
      if (!answerUpload(request, response)) answer(request, response);
      return;
    }
    request.resume();
    response.writeHead(403).end('<Error><Code>SignatureDoesNotMatch</Code></Error>');
  });
});
server.listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port);
});
