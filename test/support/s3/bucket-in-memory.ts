import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';

/** Of s3rver, which answers with it. */
const S3Error = createRequire(import.meta.url)('s3rver/lib/models/error') as new (
  code: string,
  message: string,
) => Error;

/** S3 takes no smaller part, but for the last. */
const SMALLEST_PART = 5 * 1024 * 1024;

type Metadata = Readonly<Record<string, string | number>>;

type Stored = {
  readonly bucket: string;
  readonly key: string;
  readonly bytes: Buffer;
  readonly metadata: Metadata;
  readonly lastModifiedDate: Date;
  readonly size: number;
};

/** What s3rver asks of a store. */
type Put = {
  readonly bucket: string;
  readonly key: string;
  readonly metadata: Metadata;
  readonly content: AsyncIterable<Uint8Array> | Uint8Array;
};

/**
 * The objects of s3rver. Its own store answers before a file is written, writes into files that others read, takes the range 0–0 for
 * the whole, and lists folders before files; S3 does none of that.
 */
export class BucketInMemory {
  readonly #bucket: string;
  /** Large uploads that have begun, by their ids. */
  readonly uploads: Map<string, { readonly key: string; readonly parts: Map<number, Buffer> }> =
    new Map();
  readonly #objects: Map<string, Stored> = new Map();

  constructor(bucket: string) {
    this.#bucket = bucket;
  }

  getBucket(name: string): Promise<object | null> {
    return Promise.resolve(name === this.#bucket ? { name, creationDate: new Date(0) } : null);
  }

  putBucket(name: string): Promise<object | null> {
    return this.getBucket(name);
  }

  getSubresource(): Promise<null> {
    return Promise.resolve(null);
  }

  async putObject({ bucket, key, metadata, content }: Put): Promise<object> {
    const chunks: Uint8Array[] = [];
    if (content instanceof Uint8Array) chunks.push(content);
    else for await (const chunk of content) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const size = bytes.length;
    const md5 = createHash('md5').update(bytes).digest('hex');
    const lastModifiedDate = new Date();
    const all = {
      ...metadata,
      etag: `"${md5}"`,
      'last-modified': lastModifiedDate.toUTCString(),
      'content-length': size,
    };
    this.#objects.set(key, { bucket, key, bytes, metadata: all, lastModifiedDate, size });
    return { size, md5 };
  }

  initiateUpload(_bucket: string, key: string, id: string): Promise<void> {
    this.uploads.set(id, { key, parts: new Map() });
    return Promise.resolve();
  }

  async putPart(
    _bucket: string,
    ...[id, number, content]: readonly [string, string, AsyncIterable<Uint8Array>]
  ): Promise<object> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const upload = this.uploads.get(id);
    if (upload === undefined) throw new S3Error('NoSuchUpload', 'no such upload');
    upload.parts.set(Number(number), bytes);
    return { size: bytes.length, md5: createHash('md5').update(bytes).digest('hex') };
  }

  async putObjectMultipart(
    bucket: string,
    id: string,
    parts: readonly { readonly number: number; readonly etag: string }[],
  ): Promise<object> {
    const upload = this.uploads.get(id);
    if (upload === undefined) throw new S3Error('NoSuchUpload', 'no such upload');
    const bytes = parts.map(({ number, etag }, i) => {
      const part = upload.parts.get(number) ?? Buffer.alloc(0);
      if (createHash('md5').update(part).digest('hex') !== etag)
        throw new S3Error('InvalidPart', 'no such part');
      if (i < parts.length - 1 && part.length < SMALLEST_PART)
        throw new S3Error('EntityTooSmall', 'a part is too small');
      return part;
    });
    const { key } = upload;
    const stored = await this.putObject({
      ...{ bucket, key, metadata: {}, content: Buffer.concat(bytes) },
    });
    this.uploads.delete(id);
    return stored;
  }

  existsObject(_bucket: string, key: string): Promise<boolean> {
    return Promise.resolve(this.#objects.has(key));
  }

  getObject(
    _bucket: string,
    key: string,
    { start, end }: { readonly start?: number; readonly end?: number } = {},
  ): Promise<object | null> {
    const object = this.#objects.get(key);
    if (object === undefined) return Promise.resolve(null);
    const range =
      start === undefined ? undefined : { start, end: Math.min(end ?? Infinity, object.size - 1) };
    if (range !== undefined && range.start > range.end)
      return Promise.resolve({ ...object, range });
    const bytes =
      range === undefined ? object.bytes : object.bytes.subarray(range.start, range.end + 1);
    return Promise.resolve({
      ...object,
      range,
      content: Readable.from(slices(bytes), { objectMode: false }),
    });
  }

  deleteObject(_bucket: string, key: string): Promise<void> {
    this.#objects.delete(key);
    return Promise.resolve();
  }

  listObjects(
    _bucket: string,
    {
      startAfter = '',
      prefix = '',
      maxKeys,
    }: { readonly startAfter?: string; readonly prefix?: string; readonly maxKeys: number },
  ): Promise<object> {
    const keys = [...this.#objects.keys()]
      .filter((key) => key.startsWith(prefix) && key > startAfter)
      .sort();
    const objects = keys.slice(0, maxKeys).map((key) => this.#objects.get(key));
    return Promise.resolve({ objects, commonPrefixes: [], isTruncated: keys.length > maxKeys });
  }
}

function* slices(bytes: Buffer): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
