import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseLivePath, productFile, unwrap } from '@shoal/protocol';
import { type MadeSegment, type RecordingOptions } from '@shoal/server/core';
import { JournalFolder } from '../../../../../server/src/adapters/recording/journal-folder.ts';
import { RecordingHost } from '../../../../../server/src/adapters/recording/recording-host.ts';
import { channelId, renditionId } from '../../../../support/builders.ts';
import { HeldStore } from '../../../../support/held-store.ts';
import { madeSegment } from '../../../../support/made-segments.ts';

const T0 = 1_700_000_000_000;
const RENDITIONS = [renditionId('source'), renditionId('360p')];

/** A segment as some playlist lists it. */
export type Listed = { readonly uri: string; readonly gap: boolean };

/** A recording host on a real folder and a store that the test holds; the channel before it lives and dies as the test says. */
export class RecordingScene {
  readonly store: HeldStore = new HeldStore();
  readonly notes: string[] = [];
  readonly #options: RecordingOptions;
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'shoal-recording-'));
  now: number = T0;
  /** What a channel keeps in its state file. */
  open = false;
  nextMsn = 0;
  #lastEpoch = 0;
  #discontinuity = -1;
  #running = false;
  #first = true;
  #timers: { readonly at: number; readonly run: () => void }[] = [];
  #host: RecordingHost | undefined;

  constructor(options: Partial<RecordingOptions> = {}) {
    this.#options = {
      ...{ channel: channelId(), dvrMs: 20_000, vod: true },
      ...{ keepMs: Infinity, keepBytes: Infinity },
      ...options,
    };
  }

  get host(): RecordingHost {
    if (this.#host === undefined) throw new Error('the process is dead');
    return this.#host;
  }

  get journals(): JournalFolder {
    return new JournalFolder(this.#folder);
  }

  /** A process begins, after one that was killed or without; its operator may have changed what is kept. */
  async up(retention: Partial<RecordingOptions> = {}): Promise<void> {
    this.#timers = [];
    const store = this.store.connect();
    const { open, nextMsn } = this;
    this.#host = await RecordingHost.open(
      { ...this.#options, ...retention },
      { open, nextMsn },
      {
        now: () => this.now,
        after: (ms, run) => {
          const timer = { at: this.now + ms, run };
          this.#timers.push(timer);
          return () => {
            this.#timers = this.#timers.filter((other) => other !== timer);
          };
        },
        store,
        journals: new JournalFolder(this.#folder),
        version: (text) => ({
          ...{ bytes: Buffer.from(text), contentType: '', etag: '', cacheControl: '' },
        }),
        note: (level, message) => this.notes.push(`${level}: ${message}`),
      },
    );
    this.#running = false;
  }

  /** Kills the process, in the middle of a line of a journal where there is one to be torn. */
  kill(torn: boolean): void {
    const newest = this.journals.journals().at(-1);
    if (torn && newest !== undefined && this.open)
      appendFileSync(join(this.#folder, `${newest}.jsonl`), '{"type":"segment","epo');
    // Nothing of it runs on: its store does not answer any more, and neither do its timers.
    this.store.connect();
    this.#host = undefined;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** A publisher sends a segment; the first of an epoch if it has come (back) just now. */
  segment(choices: { readonly pieces?: number } = {}): MadeSegment {
    if (!this.open) {
      this.open = true;
      this.host.broadcast('begins');
    }
    if (!this.#running) {
      this.#running = true;
      this.#first = true;
      this.#lastEpoch = Math.max(Math.floor(this.now / 1000), this.#lastEpoch + 1);
      this.#discontinuity += 1;
    }
    this.now += 2_000;
    const made = madeSegment({
      ...{ epoch: this.#lastEpoch, msn: this.nextMsn, at: this.now - 2_000, first: this.#first },
      ...{ discontinuity: this.#discontinuity, renditions: RENDITIONS, ...choices },
    });
    this.#first = false;
    this.host.made(made);
    this.nextMsn += 1;
    return made;
  }

  /** Its publisher is gone: for now, for longer than is waited, or for good. */
  leave(how: 'for now' | 'ends' | 'closes'): void {
    this.#running = false;
    if (!this.open || how === 'for now') return;
    this.host.broadcast('ends');
    if (how === 'ends') return;
    this.host.broadcast('closes');
    this.open = false;
  }

  /** Something is made of a broadcast that is over, and listed; or the process is killed before it is listed. */
  product(by: number): void {
    const closed = this.host.list().filter(({ state }) => state === 'closed');
    const broadcast = closed[by % Math.max(1, closed.length)]?.broadcast;
    if (broadcast === undefined) return;
    const file = productFile(broadcast, 'mp4');
    this.store.files.set(`/live/demo/${file}`, new Uint8Array(1_000));
    const product = { kind: 'mp4', number: 1, size: 1_000, beginMs: 0, durationMs: 1 } as const;
    if (by % 5 > 0) void this.host.products(broadcast, [product]);
  }

  advance(ms: number): void {
    this.now += ms;
    for (const timer of this.#timers.filter(({ at }) => at <= this.now)) {
      this.#timers = this.#timers.filter((other) => other !== timer);
      timer.run();
    }
  }

  /** Lets everything happen that waits for nothing but this process. */
  async calm(): Promise<void> {
    for (let quiet = 0, before = -1; quiet < 3;) {
      await new Promise((resolve) => setImmediate(resolve));
      const now = this.store.operations.length;
      quiet = now === before ? quiet + 1 : 0;
      before = now;
    }
  }

  /** Answers everything that is asked of the store until nothing more is. */
  async flush(): Promise<void> {
    // Reading a journal takes some turns of the event loop before the next question comes.
    for (let quiet = 0; quiet < 6; quiet++) {
      for (const operation of [...this.store.operations]) {
        operation.succeed();
        quiet = 0;
      }
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  /** A DVR playlist. */
  dvr(rendition?: string): string | undefined {
    const path = `/live/demo/${rendition === undefined ? '' : `${rendition}/`}dvr.m3u8`;
    const object = this.#host?.playlist(path, unwrap(parseLivePath(path)));
    return object && Buffer.from(object.bytes).toString();
  }

  /** Every path that something says is there and that is not, beginning with playlists that anybody may know. */
  missing(): readonly string[] {
    const { store } = this;
    const missing: string[] = [];
    const check = (folder: string, text: string): void => {
      for (const path of namedBy(folder, text)) if (!store.files.has(path)) missing.push(path);
    };
    for (const rendition of RENDITIONS) check(`/live/demo/${rendition}`, this.dvr(rendition) ?? '');
    const index = store.text('/live/demo/recordings.json') ?? '{"recordings":[]}';
    const { recordings } = JSON.parse(index) as {
      recordings: { playlist: string; products?: { path: string }[] }[];
    };
    for (const { playlist, products = [] } of recordings)
      for (const path of [playlist, ...products.map((product) => product.path)])
        if (!store.files.has(path)) missing.push(path);
    for (const path of store.files.keys())
      if (path.endsWith('-vod.m3u8')) check(path.replace(/\/[^/]+$/, ''), store.text(path) ?? '');
    return missing;
  }
}

/** Segments of a media playlist. */
export function listedIn(text: string): readonly Listed[] {
  const listed: Listed[] = [];
  let gap = false;
  for (const line of text.split('\n')) {
    if (line === '#EXT-X-GAP') gap = true;
    if (line === '' || line.startsWith('#')) continue;
    listed.push({ uri: line, gap });
    gap = false;
  }
  return listed;
}

/** Paths of everything that a player may fetch because of a playlist. */
function namedBy(folder: string, text: string): readonly string[] {
  const maps = [...text.matchAll(/^#EXT-X-MAP:URI="([^"]+)"$/gm)].map(([, uri]) => uri ?? '');
  const files = listedIn(text).flatMap(({ uri, gap }) =>
    gap ? [] : uri.endsWith('.m4s') ? [uri, uri.replace('.m4s', '.digests')] : [uri],
  );
  return [...maps, ...files].map((uri) => `${folder}/${uri}`);
}
