import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ChannelId,
  digestsUrl,
  type OriginEvent,
  parseChannelId,
  readSwarmTags,
  unwrap,
  verifyDigestList,
  verifyPiece,
  LIMITS,
} from '@shoal/protocol';
import { type Origin, type OriginOptions, startOrigin } from '@shoal/server';
import { LintedOrigin } from '../../support/lint/lint-origin.ts';
import { type LintedPlaylist, type PlaylistLinter } from '../../support/lint/playlist-linter.ts';
import { sha256 } from '../../support/sha256.ts';
import { until } from '../../support/until.ts';

export const DEMO: ChannelId = unwrap(parseChannelId('demo'));

type Choices = Partial<Omit<OriginOptions, 'http' | 'rtmp'>>;

/** A real origin on free ports with a data folder of its own, and a viewer of everything that it lists. */
export class TestOrigin {
  readonly dataDir: string;
  readonly events: OriginEvent[] = [];
  readonly #choices: Choices;
  #origin: Origin | undefined;
  readonly #watch: LintedOrigin = this.#watcher('index');
  /** Where there are playlists of low latency. */
  readonly #closeWatch: LintedOrigin | undefined;
  /** Where there are recordings. */
  readonly #dvrWatch: LintedOrigin | undefined;

  private constructor(choices: Choices) {
    if (choices.lowLatency === true) this.#closeWatch = this.#watcher('ll');
    if (choices.recording !== undefined) this.#dvrWatch = this.#watcher('dvr');
    this.dataDir = mkdtempSync(join(tmpdir(), 'shoal-origin-'));
    this.#choices = choices;
  }

  /** Segments of 1 s, and quiet logs, unless chosen otherwise. */
  static async start(choices: Choices = {}): Promise<TestOrigin> {
    const test = new TestOrigin(choices);
    await test.up();
    return test;
  }

  get origin(): Origin {
    if (this.#origin === undefined) throw new Error('the origin is down');
    return this.#origin;
  }

  /** Starts it (again) on the same data folder. */
  async up(): Promise<void> {
    this.#origin = await startOrigin({
      http: { host: '127.0.0.1', port: 0 },
      rtmp: { host: '127.0.0.1', port: 0 },
      dataDir: this.dataDir,
      channels: [{ channel: DEMO }],
      segmentSeconds: 1,
      logLevel: 'silent',
      ...this.#choices,
    });
    this.#origin.bus.subscribe((event) => this.events.push(event));
  }

  async down(): Promise<void> {
    const origin = this.#origin;
    // From here on it is nobody's fault when a viewer gets nothing.
    this.#origin = undefined;
    await origin?.close();
  }

  /** The linter of the source's playlist, which sees every version. */
  get linter(): PlaylistLinter {
    return this.#watch.linter();
  }

  /** Ends the watch; everything that was wrong with what was listed, in words. */
  async findings(): Promise<readonly string[]> {
    const found = await Promise.all([
      this.#watch.finish(),
      this.#closeWatch?.finish() ?? [],
      this.#dvrWatch?.finish() ?? [],
      this.#lintVods(),
    ]);
    const blind = (watch: LintedOrigin | undefined): boolean =>
      watch?.linter().segments.length === 0 && this.linter.segments.length > 2;
    return [
      ...found.flat(),
      ...(blind(this.#closeWatch) ? ['no playlist of low latency was seen'] : []),
      ...(blind(this.#dvrWatch) ? ['no DVR playlist was seen'] : []),
    ];
  }

  /** Looks at the broadcasts that are over and listed. */
  async #lintVods(): Promise<readonly string[]> {
    if (this.#dvrWatch === undefined || this.#origin === undefined) return [];
    const { recordings } = JSON.parse(await this.text('/v1/streams/demo/recordings')) as {
      recordings: readonly { readonly playlist?: string }[];
    };
    const found: string[] = [];
    for (const { playlist = '' } of recordings) {
      const [, name] = /([^/]+)\.m3u8$/.exec(playlist) ?? [];
      if (name === undefined) continue;
      const vod = this.#watcher(name);
      found.push(...(await vod.finish()));
      if (vod.linter().segments.length === 0) found.push(`${playlist}: nothing of it was seen`);
    }
    return found;
  }

  #watcher(playlists: string): LintedOrigin {
    const base = (): string | undefined =>
      this.#origin && `http://127.0.0.1:${this.#origin.httpPort}`;
    return new LintedOrigin({ base, channel: DEMO, playlists });
  }

  async close(): Promise<void> {
    this.#watch.stop();
    this.#closeWatch?.stop();
    this.#dvrWatch?.stop();
    await this.down();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.origin.httpPort}${path}`;
  }

  rtmpUrl(key: string = this.origin.streamKey(DEMO)): string {
    return `rtmp://127.0.0.1:${this.origin.rtmpPort}/live/${key}`;
  }

  /** Body of a GET; fails on any status but 200. */
  async get(path: string): Promise<Uint8Array> {
    const response = await fetch(this.url(path));
    if (response.status !== 200) throw new Error(`${path}: status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  async text(path: string): Promise<string> {
    return Buffer.from(await this.get(path)).toString();
  }

  /** The media playlist as it is now; undefined while there is none. */
  async playlist(): Promise<LintedPlaylist | undefined> {
    const response = await fetch(this.url('/live/demo/source/index.m3u8'));
    return response.ok ? this.linter.observe(await response.text()) : undefined;
  }

  /** Reloads the playlist until it satisfies the condition; returns that version. */
  async playlistWhere(
    condition: (playlist: LintedPlaylist) => boolean,
    what: string,
    timeoutMs = 20_000,
  ): Promise<LintedPlaylist> {
    let found: LintedPlaylist | undefined;
    await until(
      async () => {
        const playlist = await this.playlist();
        if (playlist !== undefined && condition(playlist)) found = playlist;
        return found !== undefined;
      },
      { what, timeoutMs },
    );
    if (found === undefined) throw new Error(what);
    return found;
  }

  async status(): Promise<{ readonly state: string; readonly reason: string }> {
    const status: unknown = JSON.parse(await this.text('/v1/streams/demo'));
    const fields = new Map<string, unknown>(Object.entries(Object(status) as object));
    const text = (name: string): string => {
      const value = fields.get(name);
      return typeof value === 'string' ? value : '';
    };
    return { state: text('state'), reason: text('reason') };
  }

  /** Downloads a listed segment and its digests and verifies all against the playlist (SEG-6). */
  async verifiedSegment(uri: string, rendition = 'source'): Promise<Uint8Array> {
    const folder = `/live/demo/${rendition}/`;
    const swarm = readSwarmTags(await this.text(`${folder}index.m3u8`));
    const info = swarm?.segments.find((segment) => segment.uri === uri)?.info;
    if (info === undefined) throw new Error(`${uri} is not listed`);
    const bytes = await this.get(folder + uri);
    const list = unwrap(verifyDigestList(await this.get(digestsUrl(folder + uri)), info, sha256));
    for (let index = 0; index * LIMITS.pieceBytes < bytes.length; index++) {
      const piece = bytes.subarray(index * LIMITS.pieceBytes, (index + 1) * LIMITS.pieceBytes);
      if (!verifyPiece(piece, { list, index }, sha256)) throw new Error(`${uri}: piece ${index}`);
    }
    if (bytes.length !== info.size) throw new Error(`${uri}: ${bytes.length} bytes`);
    return bytes;
  }
}
