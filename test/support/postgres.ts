import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { findPostgres } from './find-postgres.ts';
import { until } from './until.ts';

/** A PostgreSQL of the tests' own, on a socket in a folder that goes with it. */
export class PostgresServer {
  readonly #folder: string;
  readonly #child: ChildProcess;
  #databases = 0;

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.#child = child;
  }

  /** Takes a second or two. */
  static async start(): Promise<PostgresServer> {
    const programs = findPostgres();
    if (programs === undefined) throw new Error('PostgreSQL is not installed');
    const folder = mkdtempSync(join(tmpdir(), 'shoal-pg-'));
    const as = someoneElse();
    if (as !== undefined) chownSync(folder, as.uid, as.gid);
    const data = join(folder, 'data');
    const options = ['-D', data, '-U', 'shoal', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
    execFileSync(join(programs, 'initdb'), options, { ...as, stdio: 'ignore', cwd: folder });
    const child = spawn(
      join(programs, 'postgres'),
      ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off'],
      { ...as, stdio: 'ignore', cwd: folder },
    );
    const server = new PostgresServer(folder, child);
    await until(() => server.#answers(), { what: 'PostgreSQL answers', timeoutMs: 20_000 });
    return server;
  }

  /** URL of a database that was not there before. */
  async makeDatabase(): Promise<string> {
    const name = `test${this.#databases++}`;
    await this.#query(`CREATE DATABASE ${name}`);
    return this.#url(name);
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'exit');
    // Fast shutdown: whoever is connected is disconnected.
    this.#child.kill('SIGINT');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #url(database: string): string {
    return `postgres://shoal@localhost/${database}?host=${encodeURIComponent(this.#folder)}`;
  }

  async #answers(): Promise<boolean> {
    return this.#query('SELECT 1').then(
      () => true,
      () => false,
    );
  }

  async #query(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.#url('postgres') });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(sql);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** PostgreSQL does not run as root. */
function someoneElse(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres']).toString().trim());
  return { uid: id('-u'), gid: id('-g') };
}
