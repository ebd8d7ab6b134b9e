import { ORIGIN_LIMITS, type StoredBytes } from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { type S3Requests } from './s3-request.ts';
import { elementsOf } from './s3-xml.ts';
import { expectWanted, sourceBytes } from './source-bytes.ts';

/** Where something goes in a bucket, and its path in the store. */
type Target = { readonly name: string; readonly path: string };

/**
 * Puts a large object, in parts of which one is in memory at a time (S3's multipart upload). It is there whole or not at all. When it
 * fails its parts are removed, where the bucket can still be asked for that.
 */
export async function uploadLarge(
  requests: S3Requests,
  { name, path }: Target,
  { source, signal }: { readonly source: StoredBytes; readonly signal: AbortSignal },
): Promise<void> {
  const { size } = source;
  const { s3PartBytes: partBytes, s3Parts } = ORIGIN_LIMITS;
  if (size > partBytes * s3Parts)
    throw new OriginError('storage', `cannot write ${path}: ${size} bytes are too many for S3`);
  const wait = { timeMs: requests.times.partMs, signal };
  const part = (from: number): Promise<Uint8Array> =>
    bytesOf(sourceBytes(path, source, { from, to: Math.min(size, from + partBytes), signal }));
  const failed = (error: unknown): unknown => {
    expectWanted(path, signal);
    return error;
  };
  if (size <= partBytes) {
    const body = await part(0);
    await requests
      .send({ method: 'PUT', name, body }, wait)
      .then((answer) => requests.text(answer))
      .catch((error: unknown) => {
        throw failed(error);
      });
    return;
  }
  const uploadId = await begin(requests, name);
  try {
    const tags: string[] = [];
    for (let from = 0; from < size; from += partBytes) {
      const body = await part(from);
      const query = { partNumber: String(tags.length + 1), uploadId };
      const answer = await requests.send({ method: 'PUT', name, query, body }, wait);
      await requests.text(answer);
      const etag = answer.headers.get('ETag');
      if (etag === null) throw new OriginError('storage', `the bucket has no tag for ${name}`);
      tags.push(etag);
    }
    await complete(requests, { name, uploadId, tags, size });
  } catch (error) {
    await abortUpload(requests, { name, uploadId }).catch(() => undefined);
    throw failed(error);
  }
}

/** Removes the uploads that nobody will complete of objects whose names begin so. */
export async function sweepUploads(requests: S3Requests, prefix: string): Promise<void> {
  // Those that are aborted are not listed again; a bucket that lists them all the same is not asked for ever.
  for (let page = 0; page < ORIGIN_LIMITS.s3SweepPages; page++) {
    const query = { uploads: '', prefix, 'max-uploads': String(ORIGIN_LIMITS.s3PageNames) };
    const xml = await requests.text(await requests.send({ method: 'GET', query }));
    const uploads = elementsOf(xml, 'Upload').map((upload) => ({
      name: elementsOf(upload, 'Key')[0] ?? '',
      uploadId: elementsOf(upload, 'UploadId')[0] ?? '',
    }));
    for (const upload of uploads)
      if (upload.name.startsWith(prefix)) await abortUpload(requests, upload);
    if (!xml.includes('<IsTruncated>true</IsTruncated>')) return;
  }
}

async function begin(requests: S3Requests, name: string): Promise<string> {
  const answer = await requests.send({ method: 'POST', name, query: { uploads: '' } });
  const [id] = elementsOf(await requests.text(answer), 'UploadId');
  if (id === undefined) throw new OriginError('storage', `the bucket takes no upload of ${name}`);
  return id;
}

/** CompleteMultipartUpload; it may say after the head that it failed. */
async function complete(
  requests: S3Requests,
  of: {
    readonly name: string;
    readonly uploadId: string;
    readonly tags: readonly string[];
    readonly size: number;
  },
): Promise<void> {
  const { name, uploadId, tags, size } = of;
  const parts = tags
    .map((tag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escapeXml(tag)}</ETag></Part>`)
    .join('');
  const body = Buffer.from(`<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`);
  const headers = { 'Content-Type': 'application/xml' };
  const request = { method: 'POST', name, query: { uploadId }, headers, body } as const;
  const wait = { timeMs: requests.times.partMs, expected: [404] };
  const answer = await requests.send(request, wait);
  const text = await requests.text(answer);
  if (answer.status !== 404) {
    if (!text.includes('<Error>')) return;
    const [code = ''] = elementsOf(text, 'Code');
    throw new OriginError('storage', `the bucket does not complete ${name}: ${code}`);
  }
  // The answer to an earlier try may have been lost.
  const head = await requests.send({ method: 'HEAD', name }, { expected: [404] });
  if (head.status === 404 || Number(head.headers.get('Content-Length')) !== size)
    throw new OriginError('storage', `the bucket has lost the upload of ${name}`);
}

async function abortUpload(
  requests: S3Requests,
  { name, uploadId }: { readonly name: string; readonly uploadId: string },
): Promise<void> {
  const request = { method: 'DELETE', name, query: { uploadId } } as const;
  await requests.text(await requests.send(request, { expected: [404] }));
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}
