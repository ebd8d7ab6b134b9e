import { webcrypto } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { AwsClient } from 'aws4fetch';
import { ORIGIN_LIMITS } from '../../core/index.ts';
import { OriginError } from '../../errors.ts';
import { withinMs } from '../within-ms.ts';

/** A bucket of any S3-compatible service. */
export type S3Options = {
  /** Of the service, such as `https://s3.eu-central-1.amazonaws.com`: http or https, without the bucket. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Before the paths in the names of the objects, such as `shoal/eu`. Default: none. */
  readonly prefix?: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** `endpoint/bucket/name` instead of `bucket.endpoint/name`, as most services but Amazon's want it. Default false. */
  readonly pathStyle?: boolean;
  /** Default: those of `ORIGIN_LIMITS`. */
  readonly times?: Partial<S3Times>;
};

/** How long a bucket is waited for, ms, and how often it is asked the same. */
export type S3Times = {
  /** Until the head of an answer is there, the upload included. */
  readonly requestMs: number;
  /** The same for a part of a large upload. */
  readonly partMs: number;
  /** For the next bytes of a body. */
  readonly stallMs: number;
  readonly tries: number;
  /** The pause after the first try; it doubles each time, and up to half of it is taken off at random. */
  readonly backOffMs: number;
};

/** A request for an object, or for the bucket itself. */
export type S3Request = {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly name?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
};

/** What a request waits for. */
export type S3Wait = {
  /** Statuses that are answers, besides 2xx. */
  readonly expected?: readonly number[];
  /** Ends the request and the body of its answer. */
  readonly signal?: AbortSignal;
  /** How long it is waited for, ms. Default: `requestMs`. */
  readonly timeMs?: number;
};

/** A failure that may pass: the same may be asked again. */
export class PassingFailure extends OriginError {
  constructor(message: string, options?: ErrorOptions) {
    super('storage', message, options);
  }
}

const NOTHING = new Uint8Array(0);

/** Signs requests (AWS Signature Version 4), sends them, and sends them again where that may help. */
export class S3Requests {
  readonly times: S3Times;
  readonly #aws: AwsClient;
  readonly #base: URL;

  /** Throws an `OriginError` (`bad-options`) that names what cannot be. */
  constructor(options: S3Options) {
    const { accessKeyId, secretAccessKey, region } = options;
    for (const name of ['region', 'accessKeyId', 'secretAccessKey'] as const)
      if (options[name] === '') throw new OriginError('bad-options', `S3 store: ${name} is empty`);
    this.#base = bucketUrl(options);
    this.#aws = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3' });
    this.times = {
      requestMs: ORIGIN_LIMITS.s3RequestMs,
      partMs: ORIGIN_LIMITS.s3PartMs,
      stallMs: ORIGIN_LIMITS.s3StallMs,
      tries: ORIGIN_LIMITS.s3Tries,
      backOffMs: ORIGIN_LIMITS.s3BackOffMs,
      ...options.times,
    };
  }

  /**
   * The answer to a request; its body is the caller's to read or to cancel. Asks again after connection errors, time-outs, 5xx, and
   * 429, which asks for that (RFC 6585 section 4). Rejects with an `OriginError` (`storage`).
   */
  async send(request: S3Request, wait: S3Wait = {}): Promise<Response> {
    for (let failures = 1; ; failures++) {
      try {
        return await this.#sendOnce(request, wait);
      } catch (error) {
        await this.pauseAfter(error, failures, wait.signal);
      }
    }
  }

  /** Waits before the next try, of those that have failed; throws the error where there is none. */
  async pauseAfter(error: unknown, failures: number, signal?: AbortSignal): Promise<void> {
    const { tries, backOffMs } = this.times;
    if (!(error instanceof PassingFailure) || failures >= tries) throw error;
    const ms = backOffMs * 2 ** (failures - 1) * (1 - Math.random() / 2);
    await pause(ms, undefined, { ...(signal !== undefined && { signal }) });
  }

  /** The whole of a body that is small, as text. */
  async text(response: Response): Promise<string> {
    const { requestMs } = this.times;
    const reader = response.body?.getReader();
    if (reader === undefined) return '';
    const tooLate = (): Error =>
      new PassingFailure(`no end of an answer of the bucket within ${requestMs} ms`);
    try {
      return await withinMs(requestMs, readText(reader), tooLate);
    } catch (cause) {
      // It fails where the body has failed.
      reader.cancel().catch(() => undefined);
      if (cause instanceof OriginError) throw cause;
      throw new PassingFailure(`the bucket breaks an answer off: ${reasonOf(cause)}`, { cause });
    }
  }

  async #sendOnce(
    request: S3Request,
    { expected = [], signal, timeMs = this.times.requestMs }: S3Wait,
  ): Promise<Response> {
    const asked = `${request.method} ${request.name ?? ''}`;
    const aborter = new AbortController();
    const signals = [aborter.signal, ...(signal === undefined ? [] : [signal])];
    try {
      const sending = this.#fetch(request, AbortSignal.any(signals));
      const response = await withinMs(timeMs, sending, () => {
        aborter.abort();
        return new Error(`no answer within ${timeMs} ms`);
      });
      if (response.ok || expected.includes(response.status)) return response;
      throw await this.#refusal(response, asked);
    } catch (cause) {
      if (cause instanceof OriginError) throw cause;
      throw new PassingFailure(`the bucket fails at ${asked}: ${reasonOf(cause)}`, { cause });
    }
  }

  async #refusal(response: Response, asked: string): Promise<OriginError> {
    const { status } = response;
    const code = /<Code>(\w{1,64})<\/Code>/.exec(await this.text(response))?.[1] ?? '';
    const message = `the bucket answers ${asked} with ${status} ${code}`.trimEnd();
    const passes = status >= 500 || status === 429;
    return passes ? new PassingFailure(message) : new OriginError('storage', message);
  }

  async #fetch(request: S3Request, signal: AbortSignal): Promise<Response> {
    const { method, name = '', query = {}, body } = request;
    const url = new URL(this.#base);
    url.pathname += name.split('/').map(encodeURIComponent).join('/');
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    const hash = await webcrypto.subtle.digest('SHA-256', body ?? NOTHING);
    const signed = await this.#aws.sign(url.href, {
      method,
      headers: { ...request.headers, 'X-Amz-Content-Sha256': Buffer.from(hash).toString('hex') },
      // Of the types of fetch alone, one may not be shared memory; nothing of ours is.
      ...(body !== undefined && { body: body as Uint8Array<ArrayBuffer> }),
      signal,
      redirect: 'manual',
    });
    // Not signed, since proxies change it; and what somebody packs has another length.
    signed.headers.set('Accept-Encoding', 'identity');
    return await fetch(signed);
  }
}

async function readText(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for (let bytes = 0; ;) {
    const { value } = await reader.read();
    if (value === undefined) return Buffer.concat(chunks).toString();
    bytes += value.length;
    if (bytes > ORIGIN_LIMITS.s3TextBytes)
      throw new OriginError('storage', `an answer of the bucket has more than ${bytes} bytes`);
    chunks.push(value);
  }
}

/** What went wrong below fetch, which itself says no more than that it failed. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function bucketUrl({ endpoint, bucket, pathStyle = false }: S3Options): URL {
  if (!/^[\w.-]+$/.test(bucket))
    throw new OriginError('bad-options', `S3 store: not the name of a bucket: ${bucket}`);
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '')
    throw new OriginError('bad-options', `S3 store: not an endpoint: ${endpoint}`);
  const folder = url.pathname.replace(/\/*$/, '/');
  const host = pathStyle ? url.host : `${bucket}.${url.host}`;
  return new URL(`${url.protocol}//${host}${folder}${pathStyle ? `${bucket}/` : ''}`);
}
