import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type SegmentStore } from '@shoal/server/core';
import { openStore } from '../../server/src/adapters/storage/open-store.ts';
import { type S3Server, startS3Server } from '../support/s3/s3-server.ts';

export const SEGMENT = '/live/demo/source/1700000000-1.m4s';
const ROOM = 64 * 1024 * 1024;

/** A store, and what closes it. */
export type Opened = { readonly store: SegmentStore; readonly close?: () => void };

let server: S3Server;
let buckets = 0;

beforeAll(async () => {
  server = await startS3Server();
});

afterAll(() => {
  server.close();
});

/** How each of them is opened; of the bucket, a new prefix each time. */
export const OPEN: Readonly<Record<string, () => Promise<Opened>>> = {
  memory: async () => ({ store: await openStore({ type: 'memory', maxBytes: ROOM }) }),
  disk: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-store-'));
    return {
      store: await openStore({ type: 'disk', folder: join(folder, 'made', 'by-it') }),
      close: () => {
        rmSync(folder, { recursive: true });
      },
    };
  },
  S3: async () => {
    buckets += 1;
    return { store: await openInBucket(`run/${buckets}`) };
  },
};

function openInBucket(prefix?: string): Promise<SegmentStore> {
  const { port, bucket, accessKeyId, secretAccessKey } = server;
  return openStore({
    type: 's3',
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-central-1',
    bucket,
    ...(prefix !== undefined && { prefix }),
    accessKeyId,
    secretAccessKey,
    pathStyle: true,
  });
}

/** All that is read. */
export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** All of a file; undefined when it is not there. */
export async function contentOf(store: SegmentStore, path: string): Promise<Buffer | undefined> {
  const file = await store.open(path);
  return file && (await bytesOf(file.read(0, file.size)));
}

/** What a store lists. */
export async function pathsOf(store: SegmentStore, prefix: string): Promise<string[]> {
  const all: string[] = [];
  for await (const path of store.list(prefix)) all.push(path);
  return all;
}

function* slicesOf(bytes: Uint8Array, length: number): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** Bytes as they come from elsewhere, so many at a time. */
export async function* chunksOf(bytes: Uint8Array, length: number): AsyncIterable<Uint8Array> {
  for (const slice of slicesOf(bytes, length)) yield await Promise.resolve(slice);
}

/** The bytes of a text. */
export function text(of: string): Uint8Array {
  return Buffer.from(of);
}
