import { checkRun, type KeptSegment, type Run, type RunFacts } from './media-check.ts';
import { type LintedPlaylist, type LintedSegment } from './media-playlist.ts';
import { type Report } from './findings.ts';
import { type Weight } from './multivariant.ts';

/** Fetches what is under a path; undefined when it is not there. */
export type Fetch = (uri: string) => Promise<Uint8Array | undefined>;

type Kept = KeptSegment & { readonly segment: LintedSegment };

/** What was listed of one rendition: every segment, part and initialisation section, fetched once. */
export class MediaShelf {
  readonly #fetch: Fetch;
  readonly #report: Report;
  readonly #besidePicture: boolean;
  readonly #inits = new Map<string, Promise<Uint8Array | undefined>>();
  readonly #segments = new Map<number, Promise<Kept | undefined>>();
  readonly #kept = new Map<number, Kept>();
  readonly #weights = new Map<number, Weight>();
  readonly #gaps = new Set<number>();
  readonly #facts: RunFacts[] = [];
  #decoded = 0;
  readonly #parts = new Map<string, Promise<Uint8Array | undefined>>();
  /** Since here the segments are those of one broadcast of one process; undefined when some of it were missed. */
  #base: number | undefined;
  #newest = -1;

  /** `besidePicture`: see {@link Run}. */
  constructor(fetch: Fetch, report: Report, besidePicture = false) {
    this.#besidePicture = besidePicture;
    this.#fetch = fetch;
    this.#report = report;
  }

  /** Fetches what this version lists and was not there before; resolves when it has it. */
  async take(playlist: LintedPlaylist): Promise<void> {
    const { segments, mediaSequence } = playlist;
    if (this.#newest < 0) this.#base = mediaSequence === 0 ? 0 : undefined;
    else if (mediaSequence > this.#newest)
      this.#base = mediaSequence === this.#newest + 1 ? mediaSequence : undefined;
    this.#newest = Math.max(this.#newest, segments.at(-1)?.msn ?? -1);
    for (const { parts } of playlist.lowLatency?.parts ?? [])
      for (const { uri } of parts)
        if (!this.#parts.has(uri)) this.#parts.set(uri, this.#fetch(uri));
    for (const segment of segments) {
      if (segment.gap === true) {
        this.#gaps.add(segment.msn);
        continue;
      }
      if (!this.#inits.has(segment.map)) this.#inits.set(segment.map, this.#fetch(segment.map));
      if (!this.#segments.has(segment.msn))
        this.#segments.set(segment.msn, this.#one(segment, playlist));
    }
    for (const { msn } of segments) await this.#segments.get(msn);
  }

  /** Weights of the segments of this broadcast, or of those that this version lists when some were missed, in order. */
  weights(playlist: LintedPlaylist): {
    /** Number of the first one of the broadcast; undefined when some were missed. */
    readonly base: number | undefined;
    readonly weights: readonly Weight[];
  } {
    const base = this.#base;
    const from = base ?? playlist.mediaSequence;
    const weights: Weight[] = [];
    for (let msn = from; msn <= (playlist.segments.at(-1)?.msn ?? -1); msn++) {
      if (this.#gaps.has(msn)) continue;
      const weight = this.#weights.get(msn);
      if (weight === undefined) return { base: undefined, weights: [] };
      weights.push(weight);
    }
    return { base, weights };
  }

  /** Segments that are kept. */
  get size(): number {
    return this.#kept.size;
  }

  /** Segments that were decoded so far. */
  get decoded(): number {
    return this.#decoded;
  }

  /** Looks at all that is kept, epoch by epoch, and lets it go but for the last; the facts of each run so far, in order. */
  async check(): Promise<readonly RunFacts[]> {
    for (const run of await this.#runs()) {
      const seen = await checkRun({ ...run, besidePicture: this.#besidePicture }, this.#report);
      this.#decoded += run.segments.length;
      if (seen !== undefined) this.#facts.push(seen);
    }
    const last = Math.max(...this.#kept.keys());
    for (const msn of this.#kept.keys())
      if (msn !== last) {
        this.#kept.delete(msn);
        // Others are told that it was there once.
        this.#segments.set(msn, Promise.resolve(undefined));
      }
    return this.#facts;
  }

  async #one(segment: LintedSegment, playlist: LintedPlaylist): Promise<Kept | undefined> {
    const bytes = await this.#fetch(segment.uri);
    if (bytes === undefined) return undefined;
    const listed = playlist.lowLatency?.parts.find(({ msn }) => msn === segment.msn)?.parts;
    const kept = { segment, bytes, independent: playlist.independent };
    const whole = listed === undefined ? kept : await this.#withParts(kept, listed);
    this.#kept.set(segment.msn, whole);
    this.#weights.set(segment.msn, {
      bytes: bytes.length,
      durationMs: segment.duration * 1000,
    });
    return whole;
  }

  async #withParts(kept: Kept, listed: NonNullable<KeptSegment['parts']>['listed']): Promise<Kept> {
    const { segment, bytes } = kept;
    const parts: (Uint8Array | undefined)[] = [];
    for (const { uri } of listed) parts.push(await this.#parts.get(uri));
    const there = parts.filter((part) => part !== undefined);
    if (there.length < parts.length)
      this.#report(`${segment.uri}: not all its parts can be fetched`);
    else if (!Buffer.concat(there).equals(bytes))
      this.#report(`${segment.uri}: is not its parts, one after the other`);
    else return { ...kept, parts: { listed, sizes: there.map(({ length }) => length) } };
    return kept;
  }

  /** Of each epoch, what follows one another without a gap. */
  async #runs(): Promise<readonly Run[]> {
    for (const fetched of this.#segments.values()) await fetched;
    const runs: { readonly init: Uint8Array; readonly segments: Kept[] }[] = [];
    let last: LintedSegment | undefined;
    for (const [, kept] of [...this.#kept].sort(([a], [b]) => a - b)) {
      const { segment } = kept;
      const follows = segment.map === last?.map && segment.msn === last.msn + 1;
      last = segment;
      const run = runs.at(-1);
      if (follows && run !== undefined) {
        run.segments.push(kept);
        continue;
      }
      const init = await this.#inits.get(segment.map);
      if (init === undefined) {
        this.#report(`${segment.map}: cannot be fetched`);
        last = undefined;
      } else runs.push({ init, segments: [kept] });
    }
    return runs;
  }
}
