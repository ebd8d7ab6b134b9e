import { createHash } from 'node:crypto';
import dns from 'node:dns';
import { type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ORIGIN_LIMITS, type SegmentStore } from '@shoal/server/core';
import { openStore } from '../../../server/src/adapters/storage/open-store.ts';
import { S3Gate } from '../../support/s3/s3-gate.ts';
import { type S3Server, startS3Server } from '../../support/s3/s3-server.ts';
import { seededBytes } from '../../support/seeded-random.ts';
import { until } from '../../support/until.ts';
import { bytesOf, contentOf, failure, STORAGE, storageError, undoing } from './store-faults.ts';

const SEGMENT = '/live/demo/source/1700000000-1.m4s';
const BYTES = seededBytes(1, 300_000);
const ETAG = `"${createHash('md5').update(BYTES).digest('hex')}"`;
/** Three tries and the pauses between them are over within two and a half seconds. */
const QUICK = { requestMs: 700, stallMs: 400, tries: 3, backOffMs: 40 };
const BOUND_MS = 4_000;

const undo = undoing();

describe('S3 store', () => {
  let s3: S3Server;
  let gate: S3Gate;
  let runs = 0;

  beforeAll(async () => {
    s3 = await startS3Server();
  });

  afterAll(() => {
    s3.close();
  });

  /** A store behind a gate, in which {@link SEGMENT} is. */
  async function behindGate(): Promise<SegmentStore> {
    gate = await S3Gate.start(s3);
    undo.push(() => gate.close());
    runs += 1;
    const store = await openStore({ ...gate.options, prefix: `run-${runs}`, times: QUICK });
    await store.put(SEGMENT, BYTES);
    gate.requests.length = 0;
    return store;
  }

  /** All that a store can be asked. */
  function questions(store: SegmentStore): Readonly<Record<string, () => Promise<unknown>>> {
    return {
      put: () => store.put('/x', BYTES),
      open: () => store.open(SEGMENT),
      list: async () => {
        for await (const path of store.list('/')) expect(path).toBe(SEGMENT);
      },
      delete: () => store.delete('/x'),
    };
  }

  async function allFail(store: SegmentStore, message: RegExp): Promise<void> {
    const all = Object.entries(questions(store)).map(async ([what, ask]) => {
      const { error, ms } = await failure(ask());
      expect(error, what).toMatchObject(storageError(message));
      expect(ms, what).toBeLessThan(BOUND_MS);
    });
    await Promise.all(all);
  }

  async function noneOpen(): Promise<void> {
    const closed = async (): Promise<boolean> => (await gate.connections()) === 0;
    await until(closed, { what: 'no connection that is open', timeoutMs: 15_000 });
  }

  it('503 a few times is asked again, after pauses that grow', async () => {
    const store = await behindGate();
    const times: number[] = [];
    gate.answer = (_request, response, pass) => {
      times.push(performance.now());
      if (times.length % 3 === 0) pass();
      else response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
    };
    expect((await contentOf(store, SEGMENT))?.equals(BYTES)).toBe(true);
    expect(gate.requests).toHaveLength(6);
    const [first = 0, second = 0, third = 0] = times;
    expect(second - first).toBeGreaterThan(19);
    expect(third - second).toBeGreaterThan(39);
    await store.put('/y', BYTES);
    await store.delete('/y');
    expect(gate.requests).toHaveLength(12);
  });

  it('503 for ever is given up after the tries that it has', async () => {
    const store = await behindGate();
    gate.answer = (_request, response) => response.writeHead(503).end('<Code>SlowDown</Code>');
    await allFail(store, /503/);
    expect(gate.requests).toHaveLength(4 * 3);
    await noneOpen();
  });

  it.each([400, 403, 301, 409])('%i is not asked again', async (status) => {
    const store = await behindGate();
    gate.answer = (_request, response) => response.writeHead(status).end('<Code>Some</Code>');
    await allFail(store, new RegExp(String(status)));
    expect(gate.requests).toHaveLength(4);
  });

  it('a wrong key is an error that does not tell the key', async () => {
    await behindGate();
    const secretAccessKey = 'not-the-secret-of-anybody';
    const store = await openStore({ ...gate.options, secretAccessKey, times: QUICK });
    for (const ask of Object.values(questions(store))) {
      const { error } = await failure(ask());
      expect(error).toMatchObject(STORAGE);
      expect(String(error)).not.toContain(secretAccessKey);
    }
  });

  it('one that does not answer is given up in time', async () => {
    const store = await behindGate();
    gate.answer = (request) => request.resume();
    await allFail(store, /no answer within 700 ms/);
    await noneOpen();
  });

  it('one that is slow, but not too slow, is waited for', async () => {
    const store = await behindGate();
    gate.answer = (_request, _response, pass) => setTimeout(pass, 300);
    expect((await contentOf(store, SEGMENT))?.equals(BYTES)).toBe(true);
    expect(gate.requests).toHaveLength(2);
  });

  it('one that sends its bytes slowly is waited for as long as they come', async () => {
    const store = await behindGate();
    gate.answer = answerBody(async (response) => {
      for (let at = 0; at < BYTES.length; at += 50_000) {
        response.write(BYTES.subarray(at, at + 50_000));
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      response.end();
    });
    expect((await contentOf(store, SEGMENT))?.equals(BYTES)).toBe(true);
    expect(gate.count('GET')).toBe(1);
  });

  it('one that is gone is given up', async () => {
    const store = await behindGate();
    await gate.close();
    await allFail(store, /ECONNREFUSED|closed|socket/);
  });

  it('connections that break are asked again', async () => {
    const store = await behindGate();
    gate.answer = (request, _response, pass) => {
      if (gate.requests.length % 2 === 1) request.socket.destroy();
      else pass();
    };
    expect((await contentOf(store, SEGMENT))?.equals(BYTES)).toBe(true);
    await store.put('/z', BYTES);
    await store.delete('/z');
  });

  it('a body that hangs in the middle: the rest is asked for', async () => {
    const store = await behindGate();
    let hung = 0;
    gate.answer = (request, response, pass) => {
      if (request.method !== 'GET' || hung === 1) pass();
      else {
        hung += 1;
        bodyHead(response);
        response.write(BYTES.subarray(0, 100_000));
      }
    };
    expect((await contentOf(store, SEGMENT))?.equals(BYTES)).toBe(true);
    expect(gate.count('GET')).toBe(2);
  });

  it('a body that hangs again and again is given up in time', async () => {
    const store = await behindGate();
    gate.answer = answerBody((response) => {
      response.write(BYTES.subarray(0, 1));
    });
    const { error, ms } = await failure(contentOf(store, SEGMENT));
    expect(error).toMatchObject(storageError(/400 ms|asked for/));
    expect(ms).toBeLessThan(BOUND_MS);
    await noneOpen();
  });

  it('a body that breaks off: the rest is asked for; one that always does is given up', async () => {
    const store = await behindGate();
    let broken = 0;
    gate.answer = (request, response, pass) => {
      if (request.method !== 'GET' || broken === 2) pass();
      else {
        const from = broken * 1000;
        broken += 1;
        bodyHead(response, from);
        response.write(BYTES.subarray(from, from + 1000), () => response.destroy());
      }
    };
    expect((await contentOf(store, SEGMENT))?.equals(BYTES)).toBe(true);
    gate.answer = answerBody((response) => {
      response.write(BYTES.subarray(0, 10), () => response.destroy());
    });
    const { error, ms } = await failure(contentOf(store, SEGMENT));
    expect(error).toMatchObject(STORAGE);
    expect(ms).toBeLessThan(BOUND_MS);
    await noneOpen();
  });

  it.each([
    ['another length', { 'Content-Length': '10' }, 206],
    ['another range', { 'Content-Range': `bytes 1-${BYTES.length}/${BYTES.length + 1}` }, 206],
    ['another version', { ETag: '"another"' }, 206],
    ['no version', { ETag: '' }, 206],
    ['that it was replaced', {}, 412],
    ['that it is gone', {}, 404],
  ])('a bucket that sends %s is an error at once', async (_name, headers, status) => {
    const store = await behindGate();
    gate.answer = (request, response, pass) => {
      if (request.method !== 'GET') pass();
      else {
        response.writeHead(status, {
          ETag: ETAG,
          'Content-Range': `bytes 0-${BYTES.length - 1}/${BYTES.length}`,
          ...headers,
        });
        response.end('0123456789');
      }
    };
    const { error } = await failure(contentOf(store, SEGMENT));
    expect(error).toMatchObject(STORAGE);
    expect(gate.count('GET')).toBe(1);
    await noneOpen();
  });

  it('a bucket that sends more than was asked for is an error', async () => {
    const store = await behindGate();
    gate.answer = answerBody((response) => {
      response.end(Buffer.concat([BYTES, BYTES]));
    });
    const { error } = await failure(contentOf(store, SEGMENT));
    expect(error).toMatchObject(storageError(/too much/));
  });

  it('a listing that is none, that hangs, or that goes round in circles is an error', async () => {
    const store = await behindGate();
    const listed = async (): Promise<number> => {
      let count = 0;
      for await (const path of store.list('/')) count += path.length;
      return count;
    };
    const page =
      '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b</NextContinuationToken></ListBucketResult>';
    const endless = `<ListBucketResult>${' '.repeat(ORIGIN_LIMITS.s3TextBytes)}`;
    for (const body of ['<html>', '', endless, page, page.replace(/<Next.*Token>/, '')]) {
      gate.answer = (_request, response) => response.writeHead(200).end(body);
      expect((await failure(listed())).error, body.slice(0, 99)).toMatchObject(STORAGE);
    }
    expect(gate.requests.at(-2)).toContain('continuation-token=a%26b');
    gate.answer = (_request, response) => {
      response.writeHead(200);
      response.write('<ListBucketResult>');
    };
    const { error, ms } = await failure(listed());
    expect(error).toMatchObject(STORAGE);
    expect(ms).toBeLessThan(BOUND_MS);
    await noneOpen();
  });

  it('readers that stop leave no connection', async () => {
    const store = await behindGate();
    const file = await store.open(SEGMENT);
    for (let n = 0; n < 20; n++) {
      const chunks = file?.read(0, BYTES.length)[Symbol.asyncIterator]();
      await chunks?.next();
      await chunks?.return?.();
    }
    await noneOpen();
  });

  it('reads one after the other use one connection', async () => {
    const store = await behindGate();
    const file = await store.open(SEGMENT);
    const sockets = new Set<unknown>();
    gate.answer = (request, _response, pass) => {
      sockets.add(request.socket);
      pass();
    };
    for (let n = 0; n < 10; n++) await bytesOf(file?.read(n, BYTES.length) ?? expect.fail());
    expect(sockets.size).toBe(1);
  });

  it('what is put is signed with its content', async () => {
    const store = await behindGate();
    const hashes: unknown[] = [];
    gate.answer = (request, response) => {
      const hash = createHash('sha256');
      request.on('data', (chunk: Buffer) => hash.update(chunk));
      request.on('end', () => {
        hashes.push(hash.digest('hex'), request.headers['x-amz-content-sha256']);
        response.end();
      });
    };
    await store.put(SEGMENT, BYTES);
    const [got, said] = hashes;
    expect(said).toBe(got);
  });

  it('the bucket can be in the name of the host', async () => {
    // A name of this test's own.
    const real = dns.lookup;
    const named = (host: string, ...rest: readonly unknown[]): unknown =>
      Reflect.apply(real, dns, [host.endsWith('.example') ? '127.0.0.1' : host, ...rest]);
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation(named);
    undo.push(() => {
      lookup.mockRestore();
    });
    const { port, bucket, accessKeyId, secretAccessKey } = s3;
    const store = await openStore({
      ...{ type: 's3', endpoint: `http://s3.example:${port}`, region: 'eu-1' },
      ...{ bucket, prefix: '/in/a/folder/', accessKeyId, secretAccessKey, times: QUICK },
    });
    await store.put(SEGMENT, BYTES);
    expect((await contentOf(store, SEGMENT))?.equals(BYTES)).toBe(true);
    const paths: string[] = [];
    for await (const path of store.list('/live')) paths.push(path);
    expect(paths).toEqual([SEGMENT]);
    expect(lookup.mock.calls.map(([host]) => host)).toContain(`${bucket}.s3.example`);
  });

  it.each([
    [{ endpoint: 'ftp://a' }, /endpoint/],
    [{ endpoint: 'a' }, /endpoint/],
    [{ endpoint: 'http://user:pw@a' }, /endpoint/],
    [{ bucket: '' }, /bucket/],
    [{ bucket: 'a/b' }, /bucket/],
    [{ region: '' }, /region/],
    [{ accessKeyId: '' }, /accessKeyId/],
    [{ secretAccessKey: '' }, /secretAccessKey/],
    [{ prefix: '../a' }, /prefix/],
  ])('%j is a bad option', async (wrong, message) => {
    const right = {
      endpoint: 'http://a',
      region: 'b',
      bucket: 'c',
      accessKeyId: 'd',
      secretAccessKey: 'e',
    };
    await expect(openStore({ type: 's3', ...right, ...wrong })).rejects.toMatchObject({
      code: 'bad-options',
      message: expect.stringMatching(message) as string,
    });
  });

  /** Answers every GET by itself, with the right head. */
  function answerBody(body: (response: ServerResponse) => unknown): S3Gate['answer'] {
    return (request, response, pass) => {
      if (request.method !== 'GET') pass();
      else {
        bodyHead(response);
        void body(response);
      }
    };
  }

  function bodyHead(response: ServerResponse, from = 0): void {
    const range = `bytes ${from}-${BYTES.length - 1}/${BYTES.length}`;
    response.writeHead(206, { ETag: ETAG, 'Content-Range': range });
  }
});
