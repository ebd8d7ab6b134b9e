import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { Publisher } from './publisher.ts';
import type { RtmpClient } from './rtmp-client.ts';
import { TestOrigin } from './test-origin.ts';

/** Starts parts of a scene; they are taken down after each test, the last one first. */
export type Scene = {
  readonly start: typeof TestOrigin.start;
  readonly publish: typeof Publisher.start;
  readonly connect: (client: Promise<RtmpClient>) => Promise<RtmpClient>;
  /** A folder that is there until everything that was started after it is down. */
  readonly makeFolder: () => string;
  /** Has something done when everything that is started from here on is down. */
  readonly atEnd: (undo: () => unknown) => void;
  /** For anything else that is to be closed. */
  readonly take: <T extends { readonly close: () => Promise<void> }>(
    made: Promise<T>,
  ) => Promise<T>;
};

/** For a file of tests: what it starts does not outlive the test, and what origins listed meanwhile was right. */
export function scene(): Scene {
  const open: { readonly close: () => unknown }[] = [];
  const origins: TestOrigin[] = [];
  afterEach(async ({ task }) => {
    const watched = origins.splice(0);
    const failed = task.result?.state === 'fail';
    const found = failed ? [] : await Promise.all(watched.map((test) => test.findings()));
    for (const thing of open.splice(0).reverse()) await thing.close();
    expect(found.flat(), 'what the linter found').toEqual([]);
  });
  return {
    start: async (...args) => {
      const test = await TestOrigin.start(...args);
      open.push(test);
      origins.push(test);
      return test;
    },
    publish: async (...args) => {
      const publisher = await Publisher.start(...args);
      open.push({ close: () => publisher.cut() });
      return publisher;
    },
    makeFolder: () => {
      const folder = mkdtempSync(join(tmpdir(), 'shoal-scene-'));
      open.push({
        close: () => {
          rmSync(folder, { recursive: true, force: true });
        },
      });
      return folder;
    },
    atEnd: (close) => void open.push({ close }),
    connect: async (connecting) => {
      const client = await connecting;
      open.push({
        close: () => {
          client.destroy();
          return Promise.resolve();
        },
      });
      return client;
    },
    take: async (made) => {
      const thing = await made;
      open.push(thing);
      return thing;
    },
  };
}
