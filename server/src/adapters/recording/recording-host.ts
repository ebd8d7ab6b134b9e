import { type LivePath, parseLivePath } from '@shoal/protocol';
import {
  type BroadcastStatus,
  type BroadcastSummary,
  type Interrupted,
  type LiveObject,
  type JournalRecord,
  type LiveWindow,
  type MadeSegment,
  mediaPaths,
  ORIGIN_LIMITS,
  type Product,
  Recording,
  type RecordingEffect,
  type RecordingInput,
  type RecordingOptions,
  RecordingRestore,
  recordingsPath,
  type SegmentStore,
  VodBuilder,
  vodPaths,
  type WriteOutcome,
} from '../../core/index.ts';
import { type JournalFolder } from './journal-folder.ts';

/** What a recording's host needs of the rest of the origin. */
export type RecordingPorts = {
  readonly now: () => number;
  /** Runs something later, unless what it returns is called before. */
  readonly after: (ms: number, run: () => void) => () => void;
  readonly store: SegmentStore;
  readonly journals: JournalFolder;
  /** Makes something that can be served of a playlist's text. */
  readonly version: (text: string) => LiveObject;
  readonly note: (level: 'info' | 'warn', message: string, err?: unknown) => void;
  /** Where more is made of broadcasts that are over. Default: nowhere. */
  readonly jobs?: {
    /** It is over, and nothing can follow. */
    readonly finished: (summary: BroadcastSummary) => void;
    /** It is about to be deleted; resolves when nothing of it is being made any more. */
    readonly deleted: (broadcast: number) => Promise<void>;
  };
};

/** The longest time that a timer is set for. */
const DAY_MS = 86_400_000;

/** Carries out what the recording of one channel asks for, and tells it the time. */
export class RecordingHost {
  readonly #options: RecordingOptions;
  readonly #ports: RecordingPorts;
  readonly #core: Recording;
  readonly #inputs: RecordingInput[] = [];
  readonly #versions = new Map<string, { readonly text: string; readonly object: LiveObject }>();
  #busy = false;
  #closed = false;
  #journalFails = false;
  #storeFails = false;
  #disarm: (() => void) | undefined;
  #working: Promise<void> = Promise.resolve();
  #amended: Promise<boolean> = Promise.resolve(false);
  #onSettled: (() => void) | undefined;

  private constructor(options: RecordingOptions, core: Recording, ports: RecordingPorts) {
    this.#options = options;
    this.#core = core;
    this.#ports = ports;
  }

  /** Goes on from what an earlier process has left; rejects when its journals cannot be read. */
  static async open(
    options: RecordingOptions,
    interrupted: Interrupted,
    ports: RecordingPorts,
  ): Promise<RecordingHost> {
    const { journals } = ports;
    const restore = new RecordingRestore(interrupted, options);
    for (const summary of journals.summaries()) restore.summary(summary);
    for (const id of journals.journals()) {
      if (!restore.wants(id, ports.now())) continue;
      for await (const record of journals.read(id)) restore.record(id, record);
    }
    const host = new RecordingHost(options, new Recording(options, restore), ports);
    host.#busy = true;
    host.#runAll(host.#core.start(ports.now()));
    for (const summary of restore.summaries) host.#finished(summary);
    return host;
  }

  /** Records a segment; returns when the journal has it, or could not take it. */
  made(made: MadeSegment): void {
    this.#input({ type: 'segment', made });
  }

  /** A broadcast begins, its publisher has not come back in time, or it is over for good. */
  broadcast(change: 'begins' | 'ends' | 'closes'): void {
    this.#input({ type: change });
  }

  /** The DVR playlist at this path; undefined for everything else. */
  playlist(path: string, name: LivePath): LiveObject | undefined {
    if (name.type !== 'multivariant' && name.type !== 'playlist') return undefined;
    if (name.recording !== 'dvr') return undefined;
    const text = this.#core.dvr(name.type === 'playlist' ? name.rendition : undefined);
    if (text === undefined) {
      this.#versions.delete(path);
      return undefined;
    }
    const known = this.#versions.get(path);
    if (known?.text === text) return known.object;
    const object = this.#ports.version(text);
    this.#versions.set(path, { text, object });
    return object;
  }

  /** Lists what was made of a broadcast; false where there is no such broadcast any more, or that cannot be remembered. */
  products(broadcast: number, products: readonly Product[]): Promise<boolean> {
    this.#amended = Promise.resolve(false);
    this.#input({ type: 'products', broadcast, products });
    return this.#amended;
  }

  /** What the journal of a broadcast says. */
  records(broadcast: number): AsyncIterable<JournalRecord> {
    return this.#ports.journals.read(broadcast);
  }

  /** The number of the oldest segment that is listed, or may be; undefined for none. */
  get oldestMsn(): number | undefined {
    return this.#core.oldestMsn;
  }

  /** The broadcasts, oldest first. */
  list(): readonly BroadcastStatus[] {
    return this.#core.list();
  }

  /** The newest segments of a broadcast that goes on, when it is known which of them are stored, or after a while. */
  async newest(count: number): Promise<LiveWindow> {
    await this.settled(ORIGIN_LIMITS.recordingLookUpMs);
    return this.#core.newest(count);
  }

  /** Resolves when it is known of all segments whether they are stored, or after `timeoutMs`. */
  settled(timeoutMs: number): Promise<void> {
    if (this.#core.settled) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#ports.after(timeoutMs, resolve);
      this.#onSettled = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Stores what there is, within `recordingCloseMs`. To be called when no more segments come. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.settled(ORIGIN_LIMITS.recordingCloseMs);
    this.#closed = true;
    this.#disarm?.();
    await this.#working;
    this.#ports.journals.close();
  }

  /** One input, all its effects, then the next: an effect may cause an input at once. */
  #input(input: RecordingInput): void {
    if (this.#closed) return;
    this.#inputs.push(input);
    if (this.#busy) return;
    this.#busy = true;
    this.#runAll([]);
  }

  #runAll(first: readonly RecordingEffect[]): void {
    try {
      for (const effect of first) this.#run(effect);
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift())
        for (const effect of this.#core.step(next, this.#ports.now())) this.#run(effect);
    } finally {
      this.#busy = false;
    }
    if (this.#core.settled) this.#onSettled?.();
    this.#arm();
  }

  #arm(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    const due = this.#core.deadline();
    if (due === undefined || this.#closed) return;
    const wait = Math.min(Math.max(0, due - this.#ports.now()), DAY_MS);
    this.#disarm = this.#ports.after(wait, () => {
      this.#input({ type: 'tick' });
    });
  }

  #run(effect: RecordingEffect): void {
    switch (effect.type) {
      case 'append':
        this.#append(effect);
        break;
      case 'write':
        void this.#write(effect).then((outcome) => {
          this.#input({ type: 'written', path: effect.path, outcome });
        });
        break;
      case 'publish':
        this.#work(effect.summary.broadcast, 'published', () => this.#publish(effect));
        break;
      case 'amend':
        this.#amended = this.#chain(() => this.#amend(effect), 'its products are not listed');
        break;
      case 'purge':
        this.#work(effect.summary.broadcast, 'purged', () => this.#purge(effect));
        break;
      case 'note':
        this.#ports.note(effect.level, effect.message);
        break;
    }
  }

  #append({ broadcast, record, answer }: Extract<RecordingEffect, { type: 'append' }>): void {
    let ok = true;
    try {
      this.#ports.journals.append(broadcast, record);
    } catch (err) {
      ok = false;
      if (!this.#journalFails) this.#ports.note('warn', 'a journal cannot be written', err);
    }
    this.#journalFails = !ok;
    if (!answer || record.type !== 'segment') return;
    const { epoch, msn } = record.segment;
    this.#inputs.push({ type: 'journaled', epoch, msn, ok });
  }

  async #write({
    path,
    bytes,
    size,
  }: Extract<RecordingEffect, { type: 'write' }>): Promise<WriteOutcome> {
    const { store } = this.#ports;
    try {
      let outcome: WriteOutcome = 'stored';
      if (bytes !== undefined) await store.put(path, bytes);
      else {
        const found = (await store.open(path))?.size;
        if (found === undefined || found !== (size ?? found)) outcome = 'missing';
      }
      this.#storeFails = false;
      return outcome;
    } catch (err) {
      if (!this.#storeFails) this.#ports.note('warn', 'the store fails', err);
      this.#storeFails = true;
      return 'failed';
    }
  }

  /** Publishes and deletes one after the other. */
  #work(broadcast: number, type: 'published' | 'purged', work: () => Promise<void>): void {
    const done = this.#chain(work, `broadcast ${broadcast} is not ${type}`);
    this.#working = done.then((ok) => {
      this.#input({ type, broadcast, ok });
    });
  }

  /** Whether it could be done, after what was begun before. */
  #chain(work: () => Promise<void>, failure: string): Promise<boolean> {
    const done = this.#working
      .then(() => (this.#closed ? undefined : work()))
      .then(
        () => true,
        (err: unknown) => {
          this.#ports.note('warn', failure, err);
          return false;
        },
      );
    this.#working = done.then(() => undefined);
    return done;
  }

  async #publish({
    summary,
    final,
    index,
  }: Extract<RecordingEffect, { type: 'publish' }>): Promise<void> {
    const { store, journals } = this.#ports;
    const { channel } = this.#options;
    if (summary.vod) {
      const builder = new VodBuilder(channel);
      for await (const record of journals.read(summary.broadcast)) builder.record(record);
      for (const { path, text } of builder.playlists()) await store.put(path, Buffer.from(text));
      if (index !== undefined) await store.put(recordingsPath(channel), Buffer.from(index));
    }
    if (!final) return;
    journals.writeSummary(summary);
    this.#finished(summary);
  }

  #finished(summary: BroadcastSummary): void {
    if (summary.vod && !summary.deleting) this.#ports.jobs?.finished(summary);
  }

  async #amend({ summary, index }: Extract<RecordingEffect, { type: 'amend' }>): Promise<void> {
    const { store, journals } = this.#ports;
    journals.writeSummary(summary);
    if (index === undefined) return;
    await store.put(recordingsPath(this.#options.channel), Buffer.from(index));
  }

  async #purge({
    summary,
    sharedEpochs,
    index,
  }: Extract<RecordingEffect, { type: 'purge' }>): Promise<void> {
    const { store, journals } = this.#ports;
    const { channel } = this.#options;
    const id = summary.broadcast;
    const shared = new Set(sharedEpochs);
    await this.#ports.jobs?.deleted(id);
    journals.writeSummary(summary);
    if (index !== undefined) await store.put(recordingsPath(channel), Buffer.from(index));
    for (const path of vodPaths(channel, summary)) await store.delete(path);
    // Also those that were made and are not listed.
    for await (const path of store.list(`/live/${channel}/${id}`))
      if (isProductOf(path, id)) await store.delete(path);
    if (journals.journals().includes(id))
      for await (const record of journals.read(id)) {
        if (this.#closed) throw new Error('the origin is closed');
        if (record.type !== 'segment') continue;
        await Promise.all(mediaPaths(channel, record, shared).map((path) => store.delete(path)));
        // An initialisation section is deleted once.
        shared.add(record.segment.epoch);
      }
    journals.remove(id);
  }
}

function isProductOf(path: string, broadcast: number): boolean {
  const of = parseLivePath(path);
  return of.ok && of.value.type === 'product' && of.value.broadcast === broadcast;
}
