import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../server/src/adapters/storage/open-store.ts';
import { seededBytes } from '../../support/seeded-random.ts';
import { until } from '../../support/until.ts';
import { StoredSite } from './stored-site.ts';
import { WatchedStore } from './watched-store.ts';

const SEGMENT = '/live/demo/source/1700000000-7.m4s';
const BYTES = seededBytes(1, 700_001);
const pem = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url)), 'utf8');

let folder: string;
let store: WatchedStore;
let site: StoredSite;
let session: ClientHttp2Session;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-http2-'));
  store = new WatchedStore(await openStore({ type: 'disk', folder }));
  await store.put(SEGMENT, BYTES);
  site = await StoredSite.start(store, {}, { cert: pem('cert.pem'), key: pem('key.pem') });
  session = connect(`https://127.0.0.1:${site.port}`, { rejectUnauthorized: false });
});

afterEach(async () => {
  session.destroy();
  await site.close();
  rmSync(folder, { recursive: true });
});

type Got = { readonly status: number; readonly bytes: Buffer; readonly length: number };

/** A request, and what has come of its answer when it is closed, however that is. */
function get(headers: Record<string, string> = {}): {
  readonly stream: ClientHttp2Stream;
  readonly got: Promise<Got>;
} {
  const stream = session.request({ ':path': SEGMENT, ...headers });
  const chunks: Buffer[] = [];
  let head = { status: 0, length: 0 };
  stream.on('response', (answer) => {
    head = { status: Number(answer[':status']), length: Number(answer['content-length']) };
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('error', () => undefined);
  const got = new Promise<Got>((resolve) => {
    stream.on('close', () => {
      resolve({ ...head, bytes: Buffer.concat(chunks) });
    });
  });
  return { stream, got };
}

describe('delivery from a store by HTTP/2', () => {
  it('ORG-7 whole, in part, and many at a time from one read', async () => {
    const all = Array.from({ length: 10 }, () => get().got);
    for (const { status, bytes } of await Promise.all(all)) {
      expect(status).toBe(200);
      expect(bytes.equals(BYTES)).toBe(true);
    }
    const part = await get({ range: 'bytes=16384-32767' }).got;
    expect(part.status).toBe(206);
    expect(part.bytes.equals(BYTES.subarray(16_384, 32_768))).toBe(true);
    expect(store.reads).toBe(1);
  });

  it('a stream that is reset ends the read, and hurts no other', async () => {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    store.gate = opened;
    const { stream, got } = get();
    await until(() => store.reading === 1, { what: 'the read' });
    stream.close();
    await got;
    await until(() => site.requests === 1, { what: 'the request' });
    const ping = new Promise((resolve) => session.ping(resolve));
    await ping;
    open();
    await until(() => store.reading === 0, { what: 'the end of the read' });
    expect(site.failures).toEqual([]);
    store.gate = Promise.resolve();
    expect((await get().got).bytes.equals(BYTES)).toBe(true);
  });

  it('a store that fails in the middle does not look like the end', async () => {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    store.onChunk = () => {
      store.gate = opened;
    };
    const { stream, got } = get();
    await new Promise((resolve) => stream.once('response', resolve));
    truncateSync(join(folder, SEGMENT), 300_000);
    open();
    const { bytes, length } = await got;
    expect(length).toBe(BYTES.length);
    expect(bytes.length).toBeLessThan(BYTES.length);
    expect(stream.rstCode).not.toBe(0);
    expect(site.failures).toHaveLength(1);
  });
});
