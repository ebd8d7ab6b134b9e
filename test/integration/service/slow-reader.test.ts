import { once } from 'node:events';
import { createServer } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { FeedServer } from '../../../server/src/adapters/feed/feed-server.ts';
import { SqlFeedLog } from '../../../server/src/adapters/feed/sql-feed-log.ts';
import { channelId } from '../../support/builders.ts';
import { until } from '../../support/until.ts';
import { openForTest } from './databases.ts';
import { TestReader } from './test-service.ts';

const FEED = { channel: channelId(), audience: 'viewers' } as const;
/** More than the kernel takes for a connection, by far. */
const MOST = 20_000;
const TITLE = 'x'.repeat(4_000);

function fail(error: unknown): never {
  throw error;
}

it('FEED-5 a reader that does not read loses counts of viewers first, is closed, and holds up nobody', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-slow-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const db = await openForTest({ type: 'sqlite', file: join(folder, 'feed.db') });
  const log = new SqlFeedLog(db, fail);
  const feeds = new FeedServer({
    log,
    admit: () =>
      Promise.resolve({ type: 'admitted', feed: FEED, after: undefined, authorization: undefined }),
    onMessage: () => undefined,
    onError: fail,
    now: Date.now,
    waiting: () => Promise.resolve([]),
  });
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(async () => {
    feeds.close();
    server.close();
    await log.close();
  });
  await once(server, 'listening');
  feeds.attach(server);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const read = async (): Promise<TestReader> => {
    const reader = new TestReader(new WebSocket(`ws://127.0.0.1:${port}/v1/events`));
    onTestFinished(() => {
      reader.close();
    });
    await reader.welcomed();
    return reader;
  };
  const [slow, quick] = [await read(), await read()];
  let sent = 0;
  const event = {
    type: 'channel.updated',
    data: { title: TITLE, category: '', tags: [], thumbnail: null },
  } as const;
  /** An event and a count; to how many the count was sent. */
  const send = async (): Promise<number> => {
    await log.append(FEED, event, { at: 0, id: `e${(sent += 1)}` });
    const count = { type: 'viewer.count', data: { viewers: sent } } as const;
    const reached = feeds.pass(FEED, count, { id: 'c', at: 0 });
    // The database answers without letting sockets have a turn.
    await setImmediate();
    return reached;
  };
  const told = (reader: TestReader, type: string): number =>
    reader.told.filter((one) => one.type === type).length;
  slow.socket.pause();
  while ((await send()) === 2 && sent < MOST);
  for (let i = 0; i < 5; i++) await send();
  slow.socket.resume();
  await until(() => Promise.resolve(told(slow, 'channel.updated') === sent), {
    what: 'it to catch up',
  });
  expect(told(slow, 'viewer.count')).toBeLessThanOrEqual(sent - 6);
  expect(slow.closed).toBeUndefined();
  slow.socket.pause();
  while (feeds.readers(FEED) === 2 && sent < MOST) await send();
  expect(feeds.readers(FEED)).toBe(1);
  await until(() => Promise.resolve(told(quick, 'channel.updated') === sent), {
    what: 'the other to be told all',
  });
  slow.socket.resume();
  await until(() => Promise.resolve(slow.closed !== undefined), { what: 'it to be closed' });
});
