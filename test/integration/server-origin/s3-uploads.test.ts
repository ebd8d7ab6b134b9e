import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORIGIN_LIMITS, type SegmentStore, type StoredBytes } from '@shoal/server/core';
import { openStore } from '../../../server/src/adapters/storage/open-store.ts';
import { S3Gate } from '../../support/s3/s3-gate.ts';
import { type S3Server, startS3Server } from '../../support/s3/s3-server.ts';
import { seededBytes } from '../../support/seeded-random.ts';
import { contentOf, failure, storageError, undoing } from './store-faults.ts';

const PATH = '/live/demo/1700000000.mp4';
/** Three parts. */
const SIZE = 20_000_000;
const BYTES = seededBytes(1, SIZE);
const QUICK = { requestMs: 700, partMs: 1_500, stallMs: 400, tries: 3, backOffMs: 40 };

const undo = undoing();

describe('large uploads to S3', () => {
  let s3: S3Server;
  let gate: S3Gate;
  let runs = 0;

  beforeAll(async () => {
    s3 = await startS3Server();
  });

  afterAll(() => {
    s3.close();
  });

  async function behindGate(): Promise<SegmentStore> {
    gate = await S3Gate.start(s3);
    undo.push(() => gate.close());
    runs += 1;
    return openStore({ ...gate.options, prefix: `uploads-${runs}`, times: QUICK });
  }

  const source: StoredBytes = {
    size: SIZE,
    read: async function* (from, to) {
      yield await Promise.resolve(BYTES.subarray(from, to));
    },
  };

  /** Uploads that are listed as not complete. */
  async function open(): Promise<number> {
    gate.requests.length = 0;
    const store = await openStore({ ...gate.options, prefix: `uploads-${runs}`, times: QUICK });
    await store.sweep('/live/demo/');
    return gate.count('DELETE');
  }

  it('a part that fails is sent again, by itself', async () => {
    const store = await behindGate();
    let failures = 0;
    gate.answer = (request, response, pass) => {
      if (!(request.url ?? '').includes('partNumber=2') || failures >= 2) pass();
      else {
        failures += 1;
        request.resume();
        response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
      }
    };
    await store.putFrom(PATH, source);
    expect((await contentOf(store, PATH))?.equals(BYTES)).toBe(true);
    expect(gate.requests.filter((line) => line.includes('partNumber='))).toHaveLength(5);
  });

  it('when one fails for good the upload is aborted, and nothing is there', async () => {
    const store = await behindGate();
    gate.answer = (request, response, pass) => {
      if (!(request.url ?? '').includes('partNumber=3')) pass();
      else {
        request.resume();
        response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
      }
    };
    const { error } = await failure(store.putFrom(PATH, source));
    expect(error).toMatchObject(storageError(/503/));
    expect(gate.count('DELETE')).toBe(1);
    expect(await store.open(PATH)).toBeUndefined();
    expect(await open()).toBe(0);
  });

  it('a bucket that does not answer a part is given up in bounded time, and what is left is swept', async () => {
    const store = await behindGate();
    gate.answer = (request, _response, pass) => {
      const url = request.url ?? '';
      if (request.method === 'DELETE' || url.includes('partNumber=2')) request.resume();
      else pass();
    };
    const { error, ms } = await failure(store.putFrom(PATH, source));
    expect(error).toMatchObject(storageError(/no answer within 1500 ms/));
    expect(ms).toBeLessThan(12_000);
    gate.answer = (_request, _response, pass) => {
      pass();
    };
    expect(await open()).toBe(1);
    expect(await open()).toBe(0);
  });

  it('giving up ends the part that is on its way', async () => {
    const store = await behindGate();
    const giving = new AbortController();
    gate.answer = (request, _response, pass) => {
      if (!(request.url ?? '').includes('partNumber=2')) pass();
      else {
        request.resume();
        giving.abort();
      }
    };
    const { error, ms } = await failure(store.putFrom(PATH, source, giving.signal));
    expect(error).toMatchObject(storageError(/given up/));
    expect(ms).toBeLessThan(1_400);
    expect(await open()).toBe(0);
  });

  it('an answer to the completion that is lost does not make it fail', async () => {
    const store = await behindGate();
    let lost = 0;
    gate.answer = (request, response, pass) => {
      const completes = request.method === 'POST' && (request.url ?? '').includes('uploadId=');
      if (!completes || lost > 0) {
        pass();
        return;
      }
      lost += 1;
      response.writeHead = () => response;
      response.end = () => response.destroy();
      pass();
    };
    await store.putFrom(PATH, source);
    expect(lost).toBe(1);
    expect((await contentOf(store, PATH))?.equals(BYTES)).toBe(true);
  });

  it('a bucket whose list of uploads has no end is not asked for ever', async () => {
    const store = await behindGate();
    gate.answer = (_request, response) => {
      response.end(
        '<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>',
      );
    };
    await store.sweep('/live/demo/');
    expect(gate.count('GET')).toBe(ORIGIN_LIMITS.s3SweepPages);
  });

  it('a completion that fails after its head is an error', async () => {
    const store = await behindGate();
    gate.answer = (request, response, pass) => {
      const completes = request.method === 'POST' && (request.url ?? '').includes('uploadId=');
      if (!completes) pass();
      else {
        request.resume();
        response.end('<?xml version="1.0"?>\n<Error><Code>InternalError</Code></Error>');
      }
    };
    const { error } = await failure(store.putFrom(PATH, source));
    expect(error).toMatchObject(storageError(/InternalError/));
    expect(await store.open(PATH)).toBeUndefined();
    expect(await open()).toBe(0);
  });
});
