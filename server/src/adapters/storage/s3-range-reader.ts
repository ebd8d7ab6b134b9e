import { OriginError } from '../../errors.ts';
import { PassingFailure, type S3Requests } from './s3-request.ts';
import { withinMs } from '../within-ms.ts';

type Body = ReadableStreamDefaultReader<Uint8Array>;

/**
 * Reads a part of an object as its bytes arrive. Where a body ends too early or stalls, the rest is asked for again; a version other
 * than the one that was opened, or other bytes than were asked for, end it with an `OriginError` (`storage`).
 */
export class S3RangeReader implements AsyncIterator<Uint8Array> {
  readonly #requests: S3Requests;
  readonly #object: { readonly name: string; readonly size: number; readonly etag: string };
  readonly #to: number;
  readonly #ended: AbortController = new AbortController();
  #at: number;
  #failures = 0;
  #body: Body | undefined;

  constructor(
    requests: S3Requests,
    object: { readonly name: string; readonly size: number; readonly etag: string },
    part: { readonly from: number; readonly to: number },
  ) {
    this.#requests = requests;
    this.#object = object;
    this.#at = part.from;
    this.#to = part.to;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    while (!this.#isEnded() && (this.#body !== undefined || this.#at < this.#to)) {
      try {
        // This asks again by itself; what fails here for good has failed for good.
        this.#body ??= await this.#open();
        const value = await this.#chunk(this.#body);
        if (value !== undefined) return { done: false, value };
      } catch (error) {
        const read = this.#body !== undefined;
        this.#drop();
        await this.#again(error, read);
      }
    }
    return this.return();
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.#ended.abort();
    this.#drop();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** The next bytes; undefined at the end. */
  async #chunk(body: Body): Promise<Uint8Array | undefined> {
    const { stallMs } = this.#requests.times;
    const { name } = this.#object;
    const reading = body.read().catch((cause: unknown) => {
      throw new PassingFailure(`the bucket breaks off ${name}`, { cause });
    });
    const { value } = await withinMs(
      stallMs,
      reading,
      () => new PassingFailure(`the bucket sends nothing of ${name} for ${stallMs} ms`),
    );
    if (value === undefined) {
      if (this.#at < this.#to) throw new PassingFailure(`the bucket ends ${name} too early`);
      // Read to its end, so that its connection can be used again.
      this.#body = undefined;
      return undefined;
    }
    if (this.#at + value.length > this.#to)
      throw new OriginError('storage', `the bucket sends too much of ${name}`);
    this.#at += value.length;
    return value;
  }

  async #open(): Promise<Body> {
    const { name, size, etag } = this.#object;
    const Range = `bytes=${this.#at}-${this.#to - 1}`;
    // A weak tag matches nothing (RFC 9110 section 13.1.1).
    const headers = etag.startsWith('W/') ? { Range } : { Range, 'If-Match': etag };
    const response = await this.#requests.send(
      { method: 'GET', name, headers },
      { expected: [404, 412, 416], signal: this.#ended.signal },
    );
    const { status, body } = response;
    const problem = this.#problem(status, response.headers);
    if (problem === undefined && body !== null) return body.getReader();
    await body?.cancel();
    throw new OriginError(
      'storage',
      `cannot read ${name} of ${size} bytes: ${problem ?? 'no body'}`,
    );
  }

  #problem(status: number, headers: Headers): string | undefined {
    const { size, etag } = this.#object;
    if (status === 404) return 'it was deleted';
    // Not every service knows If-Match.
    if (status === 412 || status === 416 || headers.get('ETag') !== etag) return 'it was replaced';
    const part = `bytes ${this.#at}-${this.#to - 1}/${size}`;
    const whole = this.#at === 0 && this.#to === size;
    if (status === 206 ? headers.get('Content-Range') !== part : !whole)
      return `asked for ${part}, the bucket sends ${headers.get('Content-Range') ?? 'all'}`;
    const length = headers.get('Content-Length');
    if (length !== null && Number(length) !== this.#to - this.#at)
      return `asked for ${part}, the bucket sends ${length} bytes`;
    return undefined;
  }

  /** Returns when the rest may be asked for, or nobody wants it any more. */
  async #again(error: unknown, mayHelp: boolean): Promise<void> {
    if (this.#isEnded()) return;
    this.#failures += 1;
    try {
      if (!mayHelp) throw error;
      await this.#requests.pauseAfter(error, this.#failures, this.#ended.signal);
    } catch (failure) {
      if (this.#isEnded()) return;
      await this.return();
      throw failure;
    }
  }

  #isEnded(): boolean {
    return this.#ended.signal.aborted;
  }

  #drop(): void {
    // It fails where the body failed already.
    this.#body?.cancel().catch(() => undefined);
    this.#body = undefined;
  }
}
