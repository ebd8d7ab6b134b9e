import { LIMITS } from '@shoal/protocol';
import type { Input } from '../../core/io.ts';

/** What {@link SegmentFetches} needs. */
export type SegmentFetchesOptions = {
  readonly fetch: typeof fetch;
  readonly now: () => number;
  readonly input: (input: Input) => void;
  /** A body came in whole: how much, and how long after its headers. */
  readonly onTransfer: (bytes: number, ms: number) => void;
  /** A response that brings nothing for so long is given up. Ms, default 8,000. */
  readonly stallMs?: number;
};

/** One request, as the engine asks for it. */
export type SegmentRequest = {
  readonly fetch: number;
  readonly url: string;
  /** `[from, to)` in bytes. */
  readonly range?: { readonly from: number; readonly to: number };
  /** Where in the resource the segment lies, and `range` is counted from; all of the resource without. */
  readonly within?: { readonly from: number; readonly to: number };
};

const STALL_MS = 8_000;
/** The engine asks for far less at a time; browsers open 6 connections to an HTTP/1.1 origin. */
const MAX_FETCHES = 64;
/** No segment is larger (LIM-2), so no body is read further. */
const MAX_BODY = LIMITS.pieceBytes * LIMITS.piecesPerSegment;

/** Streams segments and byte ranges from the origin into the engine. */
export class SegmentFetches {
  readonly #options: SegmentFetchesOptions;
  readonly #running = new Map<number, AbortController>();

  constructor(options: SegmentFetchesOptions) {
    this.#options = options;
  }

  /** Answers with `fetch-start`, `fetch-data`… and `fetch-end`, or with `fetch-failed` at any point. */
  start(request: SegmentRequest): void {
    if (this.#running.size >= MAX_FETCHES) {
      this.#options.input({ type: 'fetch-failed', fetch: request.fetch, status: 0 });
      return;
    }
    const controller = new AbortController();
    this.#running.set(request.fetch, controller);
    void this.#run(request, controller);
  }

  /** Says nothing more about this fetch. */
  abort(fetch: number): void {
    const controller = this.#running.get(fetch);
    this.#running.delete(fetch);
    controller?.abort();
  }

  abortAll(): void {
    for (const fetch of [...this.#running.keys()]) this.abort(fetch);
  }

  async #run(request: SegmentRequest, controller: AbortController): Promise<void> {
    const watchdog = new Watchdog(controller, this.#options.stallMs ?? STALL_MS);
    const wanted = spanOf(request);
    let status = 0;
    try {
      const response = await this.#options.fetch(request.url, {
        signal: controller.signal,
        credentials: 'same-origin',
        ...(wanted && rangeOf(wanted)),
      });
      status = response.status;
      const offset = bodyOffset(response, wanted);
      if (offset === undefined || response.body === null) throw new Error('unusable response');
      status = 0;
      const headersAt = this.#options.now();
      const body = new SegmentBody(offset, request.within);
      const start = { type: 'fetch-start', fetch: request.fetch, offset: body.offset } as const;
      this.#say(request, controller, start);
      const reader = response.body.getReader();
      let received = 0;
      for (;;) {
        watchdog.restart();
        const chunk = await reader.read();
        if (chunk.done) break;
        received += chunk.value.length;
        if (received > MAX_BODY) throw new Error('body larger than any segment');
        const bytes = body.take(chunk.value);
        if (bytes.length > 0)
          this.#say(request, controller, { type: 'fetch-data', fetch: request.fetch, bytes });
        if (body.over) break;
      }
      // The rest of a larger resource is nothing that anybody asked for.
      if (body.over) await reader.cancel();
      this.#options.onTransfer(received, this.#options.now() - headersAt);
      this.#end(request, controller, { type: 'fetch-end', fetch: request.fetch });
    } catch {
      this.#end(request, controller, { type: 'fetch-failed', fetch: request.fetch, status });
      controller.abort();
    } finally {
      watchdog.stop();
    }
  }

  #say(request: SegmentRequest, controller: AbortController, input: Input): void {
    if (this.#running.get(request.fetch) === controller) this.#options.input(input);
  }

  #end(request: SegmentRequest, controller: AbortController, input: Input): void {
    if (this.#running.get(request.fetch) !== controller) return;
    this.#running.delete(request.fetch);
    this.#options.input(input);
  }
}

/** The part of a response that belongs to one segment: servers may answer a range with the whole resource (RFC 9110 section 14.2). */
class SegmentBody {
  /** Where in the segment its first byte is. */
  readonly offset: number;
  readonly #within: SegmentRequest['within'];
  #at: number;

  constructor(at: number, within: SegmentRequest['within']) {
    this.#at = at;
    this.#within = within;
    this.offset = Math.max(at - (within?.from ?? 0), 0);
  }

  /** What of the next bytes of the response belongs to it. */
  take(bytes: Uint8Array): Uint8Array {
    const from = (this.#within?.from ?? 0) - this.#at;
    const to = (this.#within?.to ?? Infinity) - this.#at;
    this.#at += bytes.length;
    return bytes.subarray(Math.max(from, 0), Math.max(Math.min(to, bytes.length), 0));
  }

  /** More came than the segment. A response that ends with it is read to its end, so that the connection lives on. */
  get over(): boolean {
    return this.#within !== undefined && this.#at > this.#within.to;
  }
}

/** The bytes of the resource that are wanted; undefined for all. */
function spanOf({ range, within }: SegmentRequest): SegmentRequest['range'] {
  if (within === undefined || range === undefined) return range ?? within;
  return { from: within.from + range.from, to: within.from + range.to };
}

/** Aborts what it watches unless it is restarted in time. */
class Watchdog {
  readonly #controller: AbortController;
  readonly #ms: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(controller: AbortController, ms: number) {
    this.#controller = controller;
    this.#ms = ms;
    this.restart();
  }

  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#controller.abort();
    }, this.#ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * Asks for a range. Chromium lets requests for one URL wait for each other at its cache, so the
 * pieces that are missing at the deadline would wait for a stripe that is slow to come: hence past it.
 */
function rangeOf({ from, to }: NonNullable<SegmentRequest['range']>): RequestInit {
  return { headers: { Range: `bytes=${from}-${to - 1}` }, cache: 'no-store' };
}

const CONTENT_RANGE = /^bytes (\d{1,15})-\d{1,15}\//;

/** Where in the resource the body of `response` begins; undefined for a response that cannot be used. */
function bodyOffset(response: Response, range: SegmentRequest['range']): number | undefined {
  if (response.status === 200) return 0;
  if (response.status !== 206 || range === undefined) return undefined;
  const header = response.headers.get('content-range');
  // Unreadable across origins unless the server exposes it (Fetch standard, CORS-safelisted response headers).
  if (header === null) return range.from;
  const from = CONTENT_RANGE.exec(header)?.[1];
  return from === undefined ? undefined : Number(from);
}
