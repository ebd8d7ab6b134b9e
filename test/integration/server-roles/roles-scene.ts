import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { OriginCommand } from '../../support/origin-command.ts';
import { freePort, RedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { Publisher, type PublisherOptions } from '../server-origin/publisher.ts';

/** Processes of one scene; they are gone after each test, the last one first. */
export type RolesScene = {
  readonly redis: () => Promise<RedisServer>;
  readonly folder: () => string;
  /** Segments of 1 s with low latency, and the channel `demo`. */
  readonly ingest: (options: IngestOptions) => Promise<Ingest>;
  /** Resolves when it has reached the Redis. */
  readonly delivery: (
    redis: RedisServer,
    args?: readonly string[],
    env?: Readonly<Record<string, string>>,
  ) => Promise<OriginCommand>;
  readonly publish: (ingest: Ingest, options?: PublisherOptions) => Promise<Publisher>;
  readonly keep: <T extends { readonly close: () => unknown }>(thing: T) => T;
};

/** What an ingest is started with. */
type IngestOptions = {
  readonly redis: RedisServer;
  readonly dataDir: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** One that was killed, whose ports it takes. */
  readonly after?: Ingest;
};

/** An ingest process. */
type Ingest = {
  readonly command: OriginCommand;
  readonly url: string;
  readonly rtmp: string;
  readonly ports: { readonly http: number; readonly rtmp: number };
};

/** For a file of tests. */
export function rolesScene(): RolesScene {
  const open: { readonly close: () => unknown }[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close();
  });
  const keep = <T extends { readonly close: () => unknown }>(thing: T): T => {
    open.push(thing);
    return thing;
  };
  return {
    keep,
    redis: async () => keep(await RedisServer.start({ forgets: true })),
    folder: () => {
      const path = mkdtempSync(join(tmpdir(), 'shoal-roles-'));
      keep({
        close: () => {
          rmSync(path, { recursive: true, force: true });
        },
      });
      return path;
    },
    ingest: async ({ redis, dataDir, args = [], env, after }) => {
      const ports = after?.ports ?? { http: await freePort(), rtmp: await freePort() };
      const command = await OriginCommand.start(
        [
          ...['ingest', '--host', '127.0.0.1', '--redis', redis.url, '--data-dir', dataDir],
          ...['--http-port', String(ports.http), '--rtmp-port', String(ports.rtmp)],
          ...['--segment-seconds', '1', '--ladder', 'off', '--low-latency', '--show-keys', ...args],
          ...['--log-level', 'silent'],
        ],
        env,
      );
      keep({ close: () => command.kill() });
      const { rtmpServer, channels } = command.started;
      const [{ streamKey }] = channels as readonly [{ readonly streamKey: string }];
      return { command, url: command.url, rtmp: `${String(rtmpServer)}/${streamKey}`, ports };
    },
    delivery: async (redis, args = [], env = {}) => {
      const command = await OriginCommand.start(
        [
          ...['delivery', '--host', '127.0.0.1', '--http-port', '0', '--redis', redis.url, ...args],
          ...['--log-level', 'silent'],
        ],
        env,
      );
      keep({ close: () => command.kill() });
      // It serves before it knows of a Redis: then what it has not got is 503.
      await until(async () => (await fetch(`${command.url}/readyz`)).status === 200, {
        what: 'it to reach Redis',
      });
      return command;
    },
    publish: async (ingest, options) => {
      const publisher = await Publisher.start(ingest.rtmp, options);
      keep({ close: () => publisher.cut() });
      return publisher;
    },
  };
}

/** Waits until a playlist has so many segments; its text. */
export async function listed(url: string, segments: number, timeoutMs = 30_000): Promise<string> {
  let text = '';
  await until(
    async () => {
      const response = await fetch(url).catch(() => undefined);
      text = response?.ok === true ? await response.text() : '';
      return text.split('#EXTINF').length > segments;
    },
    { what: () => `${segments} segments in ${url}: ${text}`, timeoutMs },
  );
  return text;
}
