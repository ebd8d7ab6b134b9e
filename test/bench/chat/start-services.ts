import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresServer } from '../../support/postgres.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { ServiceHost } from './service-host.ts';

/** Running processes of one service. */
export type Services = {
  readonly services: readonly [ServiceHost, ...ServiceHost[]];
  readonly close: () => Promise<void>;
};

/** One process with a file, or several with one PostgreSQL and one Redis. */
export async function startServices(processes: number): Promise<Services> {
  const undo: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (let next = undo.pop(); next !== undefined; next = undo.pop()) await next();
  };
  const start = async (options: Parameters<typeof ServiceHost.start>[0]): Promise<ServiceHost> => {
    const service = await ServiceHost.start(options);
    undo.push(() => service.close());
    return service;
  };
  try {
    if (processes === 1) {
      const folder = mkdtempSync(join(tmpdir(), 'shoal-chat-'));
      undo.push(() => {
        rmSync(folder, { recursive: true, force: true });
      });
      const database = { type: 'sqlite', file: join(folder, 'shoal.db') } as const;
      return { services: [await start({ database })], close };
    }
    const postgres = await PostgresServer.start();
    undo.push(() => postgres.close());
    const redis = await RedisServer.start({ forgets: true });
    undo.push(() => redis.close());
    const database = { type: 'postgres', url: await postgres.makeDatabase() } as const;
    const options = { database, redis: redis.url };
    const first = await start(options);
    const others: ServiceHost[] = [];
    while (others.length < processes - 1) others.push(await start(options));
    return { services: [first, ...others], close };
  } catch (error) {
    await close();
    throw error;
  }
}
