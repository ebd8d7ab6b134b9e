import { onTestFinished } from 'vitest';
import { type DatabaseOptions } from '../../../server/src/adapters/database/open-database.ts';
import { PostgresServer } from '../../support/postgres.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { freePort } from './free-port.ts';
import { KillableService } from './killable-service.ts';
import { TestService } from './test-service.ts';

/** Two processes of the service with one PostgreSQL and one Redis, all of them real, and gone after the test. */
export class TwoProcesses {
  readonly redis: RedisServer;
  /** What is asked of each of them. */
  readonly here: TestService;
  readonly there: TestService;
  readonly #database: string;
  readonly #ports: readonly [number, number];
  #running: [KillableService, KillableService];

  private constructor(of: {
    readonly redis: RedisServer;
    readonly database: string;
    readonly running: [KillableService, KillableService];
  }) {
    this.redis = of.redis;
    this.#database = of.database;
    this.#running = of.running;
    const [one, two] = of.running;
    this.#ports = [one.port, two.port];
    const admin = one.adminToken ?? '';
    this.here = TestService.elsewhere(() => ({ port: one.port, admin }));
    this.there = TestService.elsewhere(() => ({ port: two.port, admin }));
  }

  static async start(): Promise<TwoProcesses> {
    const postgres = await PostgresServer.start();
    onTestFinished(() => postgres.close());
    const redis = await RedisServer.start({ forgets: true });
    onTestFinished(() => redis.close());
    const database = await postgres.makeDatabase();
    const one = await start(database, redis.url, await freePort());
    const two = await start(database, redis.url, await freePort());
    const all = new TwoProcesses({ redis, database, running: [one, two] });
    onTestFinished(async () => {
      for (const service of all.#running) await service.kill();
      await all.here.close();
      await all.there.close();
    });
    return all;
  }

  get database(): DatabaseOptions {
    return { type: 'postgres', url: this.#database };
  }

  /** Kills the second one, as `kill -9` does. */
  kill(): Promise<void> {
    return this.#running[1].kill();
  }

  /** Starts the second one again, where it was. */
  async revive(): Promise<void> {
    this.#running[1] = await start(this.#database, this.redis.url, this.#ports[1]);
  }
}

function start(url: string, redis: string, port: number): Promise<KillableService> {
  return KillableService.start({
    http: { host: '127.0.0.1', port },
    database: { type: 'postgres', url },
    redis,
    webhooks: { allowHttp: true, allowPrivateAddresses: true, allowAnyPort: true },
    logLevel: 'silent',
  });
}
