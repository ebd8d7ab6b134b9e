import { basename } from 'node:path/posix';
import { type Report } from '../../support/lint/findings.ts';
import { checkRun, type KeptSegment } from '../../support/lint/media-check.ts';
import { type LintedPlaylist } from '../../support/lint/playlist-linter.ts';

/** How many segments of an epoch are decoded: its first ones, among which its timestamps wrap. */
const OF_EACH = 8;

type Sample = { readonly map: string; readonly init: Uint8Array; readonly segments: KeptSegment[] };

/** Keeps the beginning of every epoch until it was decoded and looked at. */
export class SampledMedia {
  readonly #report: Report;
  readonly #fetch: (uri: string) => Uint8Array | undefined;
  readonly #ready: Sample[] = [];
  #sample: Sample | undefined;
  #decoded = 0;

  constructor(fetch: (uri: string) => Uint8Array | undefined, report: Report) {
    this.#fetch = fetch;
    this.#report = report;
  }

  /** Segments that were decoded so far. */
  get decoded(): number {
    return this.#decoded;
  }

  /** A version of the playlist. */
  take({ segments, independent }: LintedPlaylist): void {
    const segment = segments.at(-1);
    if (segment === undefined) return;
    if (this.#sample?.map !== segment.map) {
      this.#close();
      const init = this.#fetch(segment.map);
      this.#sample = init && { map: segment.map, init, segments: [] };
    }
    const sample = this.#sample;
    const known = sample?.segments.at(-1)?.segment.msn ?? -1;
    if (sample === undefined || sample.segments.length >= OF_EACH || segment.msn <= known) return;
    const bytes = this.#fetch(segment.uri);
    if (bytes === undefined) this.#report(`${basename(segment.uri)} is listed and not there`);
    else sample.segments.push({ segment, bytes, independent });
    if (sample.segments.length === OF_EACH)
      this.#ready.push({ ...sample, segments: [...sample.segments] });
  }

  /** Decodes what is complete; at the end, everything. */
  async check(end = false): Promise<void> {
    if (end) this.#close();
    for (const sample of this.#ready.splice(0)) {
      await checkRun(sample, this.#report);
      this.#decoded += sample.segments.length;
    }
  }

  #close(): void {
    const sample = this.#sample;
    if (sample !== undefined && sample.segments.length > 0 && sample.segments.length < OF_EACH)
      this.#ready.push(sample);
    this.#sample = undefined;
  }
}
