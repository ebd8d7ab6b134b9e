import {
  closeSync,
  createReadStream,
  fstatSync,
  fsync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  type BroadcastSummary,
  formatRecord,
  formatSummary,
  type JournalRecord,
  ORIGIN_LIMITS,
  parseRecord,
  parseSummary,
} from '../../core/index.ts';

/** Journals that are written to at the same time: of the broadcast of now, and of some that wait for their last segments. */
const MAX_OPEN = 4;
const NEW_LINE = 0x0a;
const FILE = /^(0|[1-9]\d{0,9})\.(jsonl|json)$/;

type OpenJournal = {
  readonly fd: number;
  /** Whether its last line may lack its end, since it was not written to the end. */
  torn: boolean;
  dirty: boolean;
};

/**
 * Journals and summaries of one channel's broadcasts, below one folder: `{broadcast}.jsonl` is appended to and brought to the disk
 * at most every second, `{broadcast}.json` is there, whole, when the broadcast is finished. Everything throws what the file system
 * throws.
 */
export class JournalFolder {
  readonly #folder: string;
  readonly #open = new Map<number, OpenJournal>();
  #timer: NodeJS.Timeout | undefined;

  /** Makes the folder if it is not there. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** Broadcasts that have a journal, oldest first. */
  journals(): readonly number[] {
    return this.#ids('jsonl');
  }

  /** Summaries, oldest first; those that cannot be read are left out, so that their journals tell. */
  summaries(): readonly BroadcastSummary[] {
    return this.#ids('json').flatMap((id) => {
      const summary = parseSummary(readFileSync(this.#path(id, 'json'), 'utf8'));
      return summary.ok && summary.value.broadcast === id ? [summary.value] : [];
    });
  }

  /** Returns when the record will outlive the process; what it throws says that it was not written. */
  append(broadcast: number, record: JournalRecord): void {
    const journal = this.#journal(broadcast);
    const line = Buffer.from(`${journal.torn ? '\n' : ''}${formatRecord(record)}`);
    journal.torn = true;
    for (let at = 0; at < line.length;) at += writeSync(journal.fd, line, at);
    journal.torn = false;
    journal.dirty = true;
    this.#timer ??= setTimeout(() => {
      this.#sync();
    }, ORIGIN_LIMITS.journalSyncMs).unref();
  }

  /** Its records so far. Lines that are not whole, as the last one may be, are passed over. */
  async *read(broadcast: number): AsyncGenerator<JournalRecord, void, undefined> {
    let line = '';
    for await (const chunk of createReadStream(this.#path(broadcast, 'jsonl'), 'utf8')) {
      const lines = `${line}${String(chunk)}`.split('\n');
      line = lines.pop() ?? '';
      for (const whole of lines) {
        const record = parseRecord(whole);
        if (record.ok) yield record.value;
      }
      // A line that is longer than any is no line of ours.
      if (line.length > ORIGIN_LIMITS.journalLineBytes) line = '{';
    }
  }

  /** Returns when the summary is on the disk. */
  writeSummary(summary: BroadcastSummary): void {
    const path = this.#path(summary.broadcast, 'json');
    const fd = openSync(`${path}.new`, 'w');
    try {
      writeSync(fd, formatSummary(summary));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(`${path}.new`, path);
    this.#syncFolder();
  }

  /** The journal first: one without a summary would be of a broadcast that is not finished. */
  remove(broadcast: number): void {
    this.#close(broadcast);
    rmSync(this.#path(broadcast, 'jsonl'), { force: true });
    this.#syncFolder();
    rmSync(this.#path(broadcast, 'json'), { force: true });
  }

  /** Removes everything. */
  clear(): void {
    for (const id of [...this.journals(), ...this.#ids('json')]) this.remove(id);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const id of [...this.#open.keys()]) this.#close(id);
  }

  #path(id: number, extension: 'json' | 'jsonl'): string {
    return join(this.#folder, `${id}.${extension}`);
  }

  #ids(extension: 'json' | 'jsonl'): readonly number[] {
    return readdirSync(this.#folder)
      .flatMap((name) => {
        const match = FILE.exec(name);
        return match?.[2] === extension ? [Number(match[1])] : [];
      })
      .sort((a, b) => a - b);
  }

  #journal(broadcast: number): OpenJournal {
    const open = this.#open.get(broadcast);
    if (open !== undefined) return open;
    const [oldest] = this.#open.keys();
    if (oldest !== undefined && this.#open.size >= MAX_OPEN) this.#close(oldest);
    const fd = openSync(this.#path(broadcast, 'jsonl'), 'a+');
    const { size } = fstatSync(fd);
    const last = Buffer.alloc(1);
    if (size > 0) readSync(fd, last, 0, 1, size - 1);
    const journal = { fd, torn: size > 0 && last[0] !== NEW_LINE, dirty: false };
    this.#open.set(broadcast, journal);
    return journal;
  }

  #close(broadcast: number): void {
    const journal = this.#open.get(broadcast);
    if (journal === undefined) return;
    this.#open.delete(broadcast);
    try {
      if (journal.dirty) fsyncSync(journal.fd);
    } finally {
      closeSync(journal.fd);
    }
  }

  #sync(): void {
    this.#timer = undefined;
    for (const [broadcast, journal] of this.#open) {
      if (!journal.dirty) continue;
      journal.dirty = false;
      // Not awaited: what it guards against is the machine failing, and then the store is asked what is there.
      fsync(journal.fd, (error) => {
        if (error !== null && this.#open.get(broadcast) === journal) journal.dirty = true;
      });
    }
  }

  /** Makes a rename or a removal last; where folders cannot be opened, as on Windows, it lasts by itself. */
  #syncFolder(): void {
    if (process.platform === 'win32') return;
    const fd = openSync(this.#folder, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
}
