import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Input } from '@shoal/client-sdk/core';
import {
  SegmentFetches,
  type SegmentRequest,
} from '../../../../../client-sdk/src/adapters/http/fetch-segment.ts';
import { type HttpOrigin, serveRange, startOrigin } from '../http-origin.ts';

const BODY = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);
let origin: HttpOrigin | undefined;

afterEach(async () => {
  await origin?.close();
  origin = undefined;
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

class Bench {
  readonly inputs: Input[] = [];
  readonly transfers: number[] = [];
  readonly fetches: SegmentFetches;

  constructor(stallMs?: number) {
    this.fetches = new SegmentFetches({
      fetch,
      now: () => performance.now(),
      input: (input) => this.inputs.push(input),
      onTransfer: (bytes) => this.transfers.push(bytes),
      ...(stallMs !== undefined && { stallMs }),
    });
  }

  get types(): readonly string[] {
    return this.inputs.map((input) => input.type);
  }

  get body(): Buffer {
    return Buffer.concat(
      this.inputs.flatMap((input) => (input.type === 'fetch-data' ? [input.bytes] : [])),
    );
  }

  async settled(): Promise<void> {
    await vi.waitFor(
      () => {
        expect(['fetch-end', 'fetch-failed']).toContain(this.types.at(-1));
      },
      { timeout: 5_000, interval: 5 },
    );
  }
}

async function run(
  answer: Answer,
  range?: SegmentRequest['range'],
  stallMs?: number,
): Promise<Bench> {
  origin = await startOrigin(answer);
  const bench = new Bench(stallMs);
  bench.fetches.start({
    fetch: 7,
    url: `${origin.url}/a.m4s`,
    ...(range !== undefined && { range }),
  });
  await bench.settled();
  return bench;
}

const serve: Answer = (request, response) => {
  serveRange(BODY, request, response);
};

describe('fetching a segment', () => {
  it('streams a whole segment from offset 0', async () => {
    const bench = await run(serve);
    expect(bench.inputs[0]).toEqual({ type: 'fetch-start', fetch: 7, offset: 0 });
    expect(bench.inputs.at(-1)).toEqual({ type: 'fetch-end', fetch: 7 });
    expect(bench.body.equals(BODY)).toBe(true);
    expect(bench.transfers).toEqual([BODY.length]);
  });

  it('asks for exactly the range, its end excluded, and says where the body begins', async () => {
    const bench = await run(serve, { from: 16_384, to: 32_768 });
    expect(origin?.requests[0]?.headers.range).toBe('bytes=16384-32767');
    expect(bench.inputs[0]).toEqual({ type: 'fetch-start', fetch: 7, offset: 16_384 });
    expect(bench.body.equals(BODY.subarray(16_384, 32_768))).toBe(true);
  });

  it('takes the offset that the server states over the one that was asked for', async () => {
    const bench = await run(
      (_, response) => {
        response.writeHead(206, { 'content-range': 'bytes 100-109/200000' }).end('0123456789');
      },
      { from: 96, to: 110 },
    );
    expect(bench.inputs[0]).toMatchObject({ offset: 100 });
  });

  it('trusts a 206 without a readable Content-Range to be what was asked for', async () => {
    const bench = await run((_, response) => response.writeHead(206).end('x'), { from: 5, to: 6 });
    expect(bench.inputs[0]).toMatchObject({ type: 'fetch-start', offset: 5 });
  });

  it('starts at offset 0 when the server answers a range with the whole', async () => {
    const bench = await run(
      (_, response) => {
        response.writeHead(200).end(BODY);
      },
      { from: 16_384, to: 32_768 },
    );
    expect(bench.inputs[0]).toMatchObject({ type: 'fetch-start', offset: 0 });
    expect(bench.body.length).toBe(BODY.length);
  });

  it.each([404, 416, 500, 204])('fails with the status of a %i answer', async (status) => {
    const bench = await run((_, response) => response.writeHead(status).end());
    expect(bench.inputs).toEqual([{ type: 'fetch-failed', fetch: 7, status }]);
  });

  it('fails on a 206 that nobody asked for, and on a Content-Range that makes no sense', async () => {
    const unasked = await run((_, response) => response.writeHead(206).end('x'));
    expect(unasked.types).toEqual(['fetch-failed']);
    await origin?.close();
    const senseless = await run(
      (_, response) => response.writeHead(206, { 'content-range': 'lines 1-2/3' }).end('x'),
      { from: 0, to: 1 },
    );
    expect(senseless.types).toEqual(['fetch-failed']);
  });

  it('fails with status 0 where nobody answers', async () => {
    origin = await startOrigin(serve);
    const { url } = origin;
    await origin.close();
    const bench = new Bench();
    bench.fetches.start({ fetch: 1, url });
    await bench.settled();
    expect(bench.inputs).toEqual([{ type: 'fetch-failed', fetch: 1, status: 0 }]);
  });

  it('fails with status 0 when the connection breaks in the middle', async () => {
    const bench = await run((_, response) => {
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('part', () => response.destroy());
    });
    expect(bench.types[0]).toBe('fetch-start');
    expect(bench.inputs.at(-1)).toEqual({ type: 'fetch-failed', fetch: 7, status: 0 });
    expect(bench.transfers).toEqual([]);
  });

  it('gives up a response that stalls', async () => {
    const bench = await run(
      (_, response) => {
        response.writeHead(200, { 'content-length': 1_000 });
        response.write('part');
      },
      undefined,
      100,
    );
    expect(bench.inputs.at(-1)).toEqual({ type: 'fetch-failed', fetch: 7, status: 0 });
  });

  it('gives up a server that never answers', async () => {
    const bench = await run(() => {}, undefined, 100);
    expect(bench.types).toEqual(['fetch-failed']);
  });

  it('LIM-2 reads no body further than the largest segment', async () => {
    const chunk = Buffer.alloc(4 * 1_048_576);
    const bench = await run((_, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
        response.once('drain', more);
      };
      more();
    });
    expect(bench.types.at(-1)).toBe('fetch-failed');
    const received = bench.inputs.reduce(
      (sum, input) => sum + (input.type === 'fetch-data' ? input.bytes.length : 0),
      0,
    );
    expect(received).toBeLessThanOrEqual(32 * 1_048_576);
  });

  it('says nothing more once aborted, and hangs up', async () => {
    let hungUp = false;
    origin = await startOrigin((request, response) => {
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('part');
      request.on('close', () => (hungUp = true));
    });
    const bench = new Bench();
    bench.fetches.start({ fetch: 1, url: origin.url });
    await vi.waitFor(() => {
      expect(bench.types).toContain('fetch-data');
    });
    const said = bench.inputs.length;
    bench.fetches.abort(1);
    bench.fetches.abort(1);
    await vi.waitFor(() => {
      expect(hungUp).toBe(true);
    });
    expect(bench.inputs.length).toBe(said);
  });

  it('runs 64 fetches at a time and fails those beyond at once', async () => {
    origin = await startOrigin(() => {});
    const bench = new Bench();
    for (let fetch = 0; fetch < 66; fetch++) bench.fetches.start({ fetch, url: origin.url });
    expect(bench.inputs).toEqual([
      { type: 'fetch-failed', fetch: 64, status: 0 },
      { type: 'fetch-failed', fetch: 65, status: 0 },
    ]);
    bench.fetches.abortAll();
  });
});

describe('a segment that is a part of a larger resource', () => {
  const within = { from: 50_000, to: 120_000 };

  it.each<[string, Answer, SegmentRequest['range']]>([
    ['all of it', (request, response) => serveRange(BODY, request, response), undefined],
    [
      'a range of it',
      (request, response) => serveRange(BODY, request, response),
      { from: 9, to: 99 },
    ],
    [
      'all of it, of an origin that knows no ranges',
      (_, response) => response.end(BODY),
      undefined,
    ],
    [
      'a range of it, of an origin that knows no ranges',
      (_, response) => response.end(BODY),
      { from: 9, to: 99 },
    ],
  ])('SWM-30 comes counted from its own beginning: %s', async (_, answer, range) => {
    origin = await startOrigin(answer);
    const bench = new Bench();
    bench.fetches.start({ fetch: 1, url: origin.url, within, ...(range && { range }) });
    await bench.settled();
    const start = bench.inputs.find((input) => input.type === 'fetch-start');
    const offset = start?.offset ?? -1;
    const ranged = origin.requests[0]?.headers.range;
    expect(ranged).toBe(range === undefined ? 'bytes=50000-119999' : 'bytes=50009-50098');
    const segment = BODY.subarray(within.from, within.to);
    expect(bench.body.length).toBeGreaterThanOrEqual((range?.to ?? 70_000) - offset);
    expect(offset).toBeLessThanOrEqual(range?.from ?? 0);
    const expected = segment.subarray(offset, offset + bench.body.length);
    expect(Buffer.compare(bench.body, expected)).toBe(0);
    expect(bench.types.at(-1)).toBe('fetch-end');
  });
});
