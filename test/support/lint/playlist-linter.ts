import { Findings } from './findings.ts';
import { deltaProblems } from './delta-update.ts';
import { LowLatencyRules } from './low-latency.ts';
import { type LintedPlaylist, type LintedSegment, readMediaPlaylist } from './media-playlist.ts';
import { secondOpinions } from './second-opinions.ts';

export type { LintedPlaylist, LintedSegment } from './media-playlist.ts';

/** EXTINF and programme dates are whole milliseconds. */
const PDT_TOLERANCE_MS = 3;
/** How many segments are remembered by default: all of a scene. */
const REMEMBERED = 10_000;

/** What may be chosen about a linter. */
export type LinterOptions = {
  /** Whether the two parsers read this version too, by its number from 0. Default: every one. */
  readonly ask?: (version: number, playlist: LintedPlaylist) => boolean;
  /** Segments that are remembered, at least as many as a playlist lists. Default: 10,000. */
  readonly remembered?: number;
};

/**
 * Watches one media playlist of an origin over its reloads and collects everything that breaks RFC 8216, the rules SEG-8, SEG-9, ORG-4
 * and ORG-5, or, where there are its tags, Low-Latency HLS; and what two parsers of others read in another way. Feed it every
 * version that a player would see.
 */
export class PlaylistLinter {
  readonly #findings: Findings = new Findings();
  readonly #options: Required<LinterOptions>;
  readonly #lowLatency: LowLatencyRules = new LowLatencyRules(this.#findings.add);
  readonly #seen = new Map<number, LintedSegment>();
  #versions = 0;
  #lastText: string | undefined;
  #last: LintedPlaylist | undefined;
  #newest: LintedSegment | undefined;

  constructor({ ask = () => true, remembered = REMEMBERED }: LinterOptions = {}) {
    this.#options = { ask, remembered };
  }

  /** Everything found so far, in words; empty for a flawless playlist. */
  get problems(): readonly string[] {
    return this.#findings.list;
  }

  /** How many different versions it has seen. */
  get versions(): number {
    return this.#versions;
  }

  /** Every segment that is remembered, in order. */
  get segments(): readonly LintedSegment[] {
    return [...this.#seen.values()];
  }

  /** Reads one version of the playlist; returns it. */
  observe(text: string): LintedPlaylist {
    if (this.#last !== undefined && text === this.#lastText) return this.#last;
    const report = this.#findings.add;
    const playlist = readMediaPlaylist(text, report);
    this.#compareHead(playlist);
    playlist.segments.forEach((segment, index) => {
      this.#segment(segment, playlist, playlist.segments[index - 1]);
    });
    this.#lowLatency.observe(playlist);
    if (this.#options.ask(this.#versions, playlist)) secondOpinions(text, playlist, report);
    this.#versions += 1;
    this.#lastText = text;
    this.#last = playlist;
    this.#forget();
    return playlist;
  }

  /** Reads a delta update of the version that was observed last. */
  observeDelta(text: string): void {
    if (this.#lastText !== undefined)
      for (const problem of deltaProblems(this.#lastText, text)) this.#findings.add(problem);
  }

  #forget(): void {
    for (const msn of this.#seen.keys()) {
      if (this.#seen.size <= this.#options.remembered) break;
      this.#seen.delete(msn);
    }
  }

  #problem(text: string): void {
    this.#findings.add(text);
  }

  #compareHead(playlist: LintedPlaylist): void {
    const last = this.#last;
    const parts = playlist.lowLatency?.parts.length ?? 0;
    if (playlist.segments.length === 0 && parts === 0) this.#problem('no segments are listed');
    if (last === undefined) return;
    if (playlist.mediaSequence < last.mediaSequence) this.#problem('MEDIA-SEQUENCE went back');
    if (playlist.discontinuitySequence < last.discontinuitySequence)
      this.#problem('DISCONTINUITY-SEQUENCE went back');
    if (!last.ended && playlist.targetDuration !== last.targetDuration)
      this.#problem(`TARGETDURATION changed to ${playlist.targetDuration}`);
    if (endOf(playlist) < endOf(last)) this.#problem('a listed segment vanished from the end');
  }

  #segment(
    segment: LintedSegment,
    playlist: LintedPlaylist,
    before: LintedSegment | undefined,
  ): void {
    const name = segment.uri;
    if (Math.round(segment.duration) > playlist.targetDuration)
      this.#problem(`${name}: EXTINF ${segment.duration} is beyond the target duration`);
    const known = this.#seen.get(segment.msn);
    if (known === undefined) {
      const newest = this.#newest;
      if (newest !== undefined && segment.msn < newest.msn)
        this.#problem(`${name}: was inserted before ${newest.uri}`);
      else this.#succession(segment, newest);
      this.#seen.set(segment.msn, segment);
      this.#newest = segment;
    } else if (JSON.stringify(known) !== JSON.stringify(segment))
      this.#problem(`${name}: changed from ${JSON.stringify(known)} to ${JSON.stringify(segment)}`);
    if (before !== undefined) this.#neighbours(segment, before);
  }

  #succession(segment: LintedSegment, newest: LintedSegment | undefined): void {
    if (newest === undefined) return;
    if (segment.epoch < newest.epoch) this.#problem(`${segment.uri}: the epoch went back`);
    if (segment.discontinuity < newest.discontinuity)
      this.#problem(`${segment.uri}: the discontinuity sequence went back`);
    if (segment.programDateTime < newest.programDateTime)
      this.#problem(`${segment.uri}: the programme date went back`);
  }

  #neighbours(segment: LintedSegment, before: LintedSegment): void {
    const sameEpoch = segment.epoch === before.epoch;
    const sameRun = segment.discontinuity === before.discontinuity;
    if (sameEpoch !== sameRun)
      this.#problem(`${segment.uri}: epoch and discontinuity do not change together`);
    const missing = segment.gap === true || before.gap === true;
    if (!missing && sameEpoch !== (segment.map === before.map))
      this.#problem(`${segment.uri}: epoch and EXT-X-MAP do not change together`);
    const expected = before.programDateTime + before.duration * 1000;
    const gap = segment.programDateTime - expected;
    if (sameEpoch && Math.abs(gap) > PDT_TOLERANCE_MS)
      this.#problem(`${segment.uri}: ${gap} ms between programme dates`);
    if (!sameEpoch && gap < -PDT_TOLERANCE_MS)
      this.#problem(`${segment.uri}: overlaps the epoch before by ${-gap} ms`);
  }
}

/** The number of the segment that is not listed yet. */
function endOf({ mediaSequence, segments }: LintedPlaylist): number {
  return mediaSequence + segments.length;
}
