import {
  type GivenUp,
  isStoredPath,
  ORIGIN_LIMITS,
  type SegmentStore,
  type StoredBytes,
  type StoredFile,
} from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { type S3Options, S3Requests } from './s3-request.ts';
import { S3RangeReader } from './s3-range-reader.ts';
import { sweepUploads, uploadLarge } from './s3-upload.ts';
import { unescapeXml } from './s3-xml.ts';
import { expectPath, expectPrefix, expectRange } from './storage-error.ts';

/**
 * Keeps files in a bucket, each as the object of its prefix and path. The key needs the rights to get, put, delete and list, and for large
 * files to abort uploads and to list them; without the right to list, S3 says 403 of what is not there, which is an error here. Throws an `OriginError` (`bad-options`).
 */
export function createS3Store(options: S3Options): SegmentStore {
  return new S3Store(options);
}

class S3Store implements SegmentStore {
  readonly #requests: S3Requests;
  readonly #prefix: string;

  constructor(options: S3Options) {
    this.#requests = new S3Requests(options);
    this.#prefix = (options.prefix ?? '').replace(/^\/+|\/+$/g, '');
    if (this.#prefix !== '' && !isStoredPath(`/${this.#prefix}`))
      throw new OriginError('bad-options', `S3 store: not a prefix: ${this.#prefix}`);
  }

  async put(path: string, bytes: Uint8Array): Promise<void> {
    expectPath(path);
    const answer = await this.#requests.send({
      method: 'PUT',
      name: this.#name(path),
      body: bytes,
    });
    await this.#requests.text(answer);
  }

  async putFrom(path: string, source: StoredBytes, signal?: GivenUp): Promise<void> {
    expectPath(path);
    const aborter = new AbortController();
    const abort = (): void => {
      aborter.abort();
    };
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort);
    try {
      const target = { name: this.#name(path), path };
      await uploadLarge(this.#requests, target, { source, signal: aborter.signal });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  async sweep(prefix: string): Promise<void> {
    expectPrefix(prefix);
    await sweepUploads(this.#requests, this.#name(prefix));
  }

  async open(path: string): Promise<StoredFile | undefined> {
    expectPath(path);
    const name = this.#name(path);
    const { status, headers } = await this.#requests.send(
      { method: 'HEAD', name },
      { expected: [404] },
    );
    if (status === 404) return undefined;
    const size = Number(headers.get('Content-Length') ?? NaN);
    const etag = headers.get('ETag');
    if (!Number.isSafeInteger(size) || etag === null)
      throw new OriginError('storage', `the bucket does not say size and version of ${name}`);
    const read = (from: number, to: number): AsyncIterable<Uint8Array> => ({
      [Symbol.asyncIterator]: () => {
        expectRange(from, to, size);
        return new S3RangeReader(this.#requests, { name, size, etag }, { from, to });
      },
    });
    return { size, version: etag.replace(/[^\w-]/g, ''), read };
  }

  async *list(prefix: string): AsyncIterable<string> {
    expectPrefix(prefix);
    const query = {
      'list-type': '2',
      'encoding-type': 'url',
      'max-keys': String(ORIGIN_LIMITS.s3PageNames),
      prefix: this.#name(prefix),
    };
    let token: string | undefined;
    do {
      const page: S3Page = await this.#page({
        ...query,
        ...(token !== undefined && { 'continuation-token': token }),
      });
      if (page.next !== undefined && page.next === token)
        throw new OriginError('storage', 'the bucket lists the same page again');
      token = page.next;
      for (const name of page.names) {
        const path = this.#prefix === '' ? `/${name}` : name.slice(this.#prefix.length);
        if (isStoredPath(path) && path.startsWith(prefix)) yield path;
      }
    } while (token !== undefined);
  }

  async delete(path: string): Promise<void> {
    expectPath(path);
    const request = { method: 'DELETE', name: this.#name(path) } as const;
    const answer = await this.#requests.send(request, { expected: [404] });
    await this.#requests.text(answer);
  }

  #name(path: string): string {
    return this.#prefix === '' ? path.slice(1) : this.#prefix + path;
  }

  async #page(query: Readonly<Record<string, string>>): Promise<S3Page> {
    return readPage(await this.#requests.text(await this.#requests.send({ method: 'GET', query })));
  }
}

type S3Page = { readonly names: readonly string[]; readonly next: string | undefined };

/** Reads an answer of ListObjectsV2. XML has no `<` in texts, so that three elements need no parser. */
function readPage(xml: string): S3Page {
  if (!xml.includes('<ListBucketResult'))
    throw new OriginError('storage', 'the bucket does not list');
  const escaped = xml.includes('<EncodingType>url</EncodingType>');
  const names = [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, text = '']) =>
    escaped ? decodeURIComponent(text.replace(/\+/g, ' ')) : unescapeXml(text),
  );
  const next = /<NextContinuationToken>([^<]+)<\/NextContinuationToken>/.exec(xml)?.[1];
  const more = xml.includes('<IsTruncated>true</IsTruncated>');
  if (more && next === undefined) throw new OriginError('storage', 'the bucket lists half a page');
  return { names, next: more && next !== undefined ? unescapeXml(next) : undefined };
}
