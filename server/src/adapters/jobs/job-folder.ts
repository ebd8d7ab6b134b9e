import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type ChannelId } from '@shoal/protocol';
import { formatJobs, type JobRecord, parseJobs } from '../../core/index.ts';
import { readIfThere } from '../storage/channel-state-file.ts';

/** What is remembered of jobs: below one folder a file `{channel}/{broadcast}.json` each. Everything throws what the file system throws. */
export class JobFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The jobs of a broadcast; of a file that is damaged, none, so that they begin anew. */
  load(channel: ChannelId, broadcast: number): readonly JobRecord[] {
    const text = readIfThere(this.#path(channel, broadcast));
    const jobs = text === undefined ? undefined : parseJobs(text);
    return jobs?.ok === true ? jobs.value : [];
  }

  /** Returns when they are on the disk. */
  save(channel: ChannelId, broadcast: number, jobs: readonly JobRecord[]): void {
    mkdirSync(join(this.#folder, channel), { recursive: true });
    const path = this.#path(channel, broadcast);
    const fd = openSync(`${path}.new`, 'w');
    try {
      writeSync(fd, formatJobs(jobs));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(`${path}.new`, path);
  }

  forget(channel: ChannelId, broadcast: number): void {
    rmSync(this.#path(channel, broadcast), { force: true });
  }

  /** Forgets all. */
  clear(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #path(channel: ChannelId, broadcast: number): string {
    return join(this.#folder, channel, `${broadcast}.json`);
  }
}
