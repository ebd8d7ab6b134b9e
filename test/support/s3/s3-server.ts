import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** An S3 server on a free port of this machine, with a bucket. */
export type S3Server = {
  readonly port: number;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly close: () => void;
};

/** Starts s3rver, with signatures checked, in a process of its own. Its hosts are `s3.example` and `{bucket}.s3.example` too. */
export async function startS3Server(): Promise<S3Server> {
  const bucket = 'media';
  // s3rver knows no others.
  const keys = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
  const { accessKeyId, secretAccessKey } = keys;
  const program = fileURLToPath(new URL('s3-process.ts', import.meta.url));
  // Its tokens for the next page are made with a cipher that OpenSSL 3 calls legacy.
  const execArgv = ['--openssl-legacy-provider', '--no-deprecation', '--import', 'tsx'];
  const child = fork(program, [bucket, accessKeyId, secretAccessKey], { execArgv });
  const gone = once(child, 'exit').then(() => {
    throw new Error('the S3 server did not start');
  });
  const [port] = (await Promise.race([once(child, 'message'), gone])) as unknown[];
  if (typeof port !== 'number') throw new Error('no port of the S3 server');
  gone.catch(() => undefined);
  return { port, bucket, ...keys, close: () => child.kill() };
}
