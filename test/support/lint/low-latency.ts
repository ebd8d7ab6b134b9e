import { type Report } from './findings.ts';
import {
  type LintedPart,
  type LintedPlaylist,
  type LowLatency,
  type SegmentParts,
} from './media-playlist.ts';

/** What all parts of a segment but the last have at least of the part target (section 4.4.4.9). */
const LEAST_OF_TARGET = 0.85;
/** Rounding of decimals. */
const EPSILON = 1e-9;
const ROUNDING = 0.0005;

/**
 * The rules of Low-Latency HLS (draft-pantos-hls-rfc8216bis, sections 4.4.3.7, 4.4.3.8, 4.4.4.9, 4.4.5.3 and B.1) over the versions
 * of a playlist. A playlist without its tags breaks none.
 */
export class LowLatencyRules {
  readonly #report: Report;
  readonly #known = new Map<number, readonly LintedPart[]>();
  #last: LowLatency | undefined;

  constructor(report: Report) {
    this.#report = report;
  }

  observe(playlist: LintedPlaylist): void {
    const now = playlist.lowLatency;
    if (now !== undefined) {
      this.#control(now, playlist.targetDuration);
      this.#parts(now, playlist);
      this.#hints(now, playlist);
      this.#reports(now, playlist);
      this.#succession(now, playlist);
    }
    this.#last = now;
  }

  #control(now: LowLatency, targetDuration: number): void {
    const { partTarget, holdBack, partHoldBack, canSkipUntil } = now;
    const least = (name: string, value: number | undefined, bound: number): void => {
      if (value !== undefined && value < bound - EPSILON)
        this.#report(`${name} is ${value}, less than ${bound}`);
    };
    least('HOLD-BACK', holdBack, 3 * targetDuration);
    least('CAN-SKIP-UNTIL', canSkipUntil, 6 * targetDuration);
    if (partTarget !== undefined) least('PART-HOLD-BACK', partHoldBack, 3 * partTarget);
    if (partTarget !== undefined && !(partTarget > 0)) this.#report('PART-TARGET is not positive');
    if (now.parts.length === 0) return;
    if (partTarget === undefined) this.#report('parts without EXT-X-PART-INF');
    if (partHoldBack === undefined) this.#report('parts without PART-HOLD-BACK');
    if (!now.canBlockReload) this.#report('parts without CAN-BLOCK-RELOAD');
  }

  #parts(now: LowLatency, playlist: LintedPlaylist): void {
    const { partTarget = Infinity } = now;
    const { segments, targetDuration } = playlist;
    const end = playlist.mediaSequence + segments.length;
    let behind = 0;
    const distance = new Map<number, number>();
    for (const { msn, parts } of now.parts) if (msn === end) behind += total(parts);
    for (const { msn, duration } of [...segments].reverse()) {
      distance.set(msn, behind);
      behind += duration;
    }
    for (const { msn, parts } of now.parts) {
      for (const [i, { uri, duration }] of parts.entries()) {
        if (duration > partTarget + EPSILON)
          this.#report(`${uri}: lasts ${duration}, PART-TARGET is ${partTarget}`);
        if (i < parts.length - 1 && duration < LEAST_OF_TARGET * partTarget - EPSILON)
          this.#report(`${uri}: lasts ${duration}, less than 85 % of PART-TARGET`);
      }
      const whole = segments.find((segment) => segment.msn === msn);
      if (whole === undefined) continue;
      const rounding = (parts.length + 1) * ROUNDING + EPSILON;
      if (Math.abs(total(parts) - whole.duration) > rounding)
        this.#report(`${whole.uri}: lasts ${whole.duration}, its parts ${total(parts)}`);
      if ((distance.get(msn) ?? 0) > 3 * targetDuration)
        this.#report(`${whole.uri}: its parts are more than three target durations from the end`);
      if (playlist.independent && parts[0]?.independent !== true)
        this.#report(`${whole.uri}: its first part is not INDEPENDENT`);
    }
  }

  #hints({ hints, parts }: LowLatency, { ended }: LintedPlaylist): void {
    const next = hints.filter(({ type }) => type === 'PART');
    if (hints.some(({ type, uri }) => !['PART', 'MAP'].includes(type) || uri === ''))
      this.#report('a preload hint without TYPE or URI');
    if (ended && hints.length > 0) this.#report('a preload hint after the end');
    if (!ended && parts.length > 0 && next.length !== 1)
      this.#report(`${next.length} preload hints of parts`);
    const listed = parts.flatMap((of) => of.parts).map(({ uri }) => uri);
    for (const { uri } of next)
      if (listed.includes(uri)) this.#report(`${uri}: is hinted at, and listed`);
  }

  /** Renditions go together (ORG-10): what one reports of the others is what it has itself, or nearly. */
  #reports({ reports, parts }: LowLatency, playlist: LintedPlaylist): void {
    const end = playlist.mediaSequence + playlist.segments.length;
    for (const { uri, lastMsn, lastPart } of reports) {
      if (uri === '' || lastMsn === undefined)
        this.#report('a rendition report lacks URI or LAST-MSN');
      else if (lastMsn < end - 1 || lastMsn > end)
        this.#report(`${uri}: is reported at ${lastMsn}, this one is at ${end - 1}`);
      if (parts.length > 0 && lastPart === undefined)
        this.#report(`${uri}: is reported without LAST-PART`);
    }
  }

  /** What was listed stays as it was, and what was hinted at comes next. */
  #succession(now: LowLatency, playlist: LintedPlaylist): void {
    const end = playlist.mediaSequence + playlist.segments.length;
    const before = this.#last?.parts.at(-1);
    const hint = this.#last?.hints.find(({ type }) => type === 'PART');
    for (const of of now.parts) {
      const known = this.#known.get(of.msn) ?? [];
      for (const [i, part] of known.entries())
        if (JSON.stringify(part) !== JSON.stringify(of.parts[i]))
          this.#report(`${part.uri}: changed or vanished`);
      this.#known.set(of.msn, of.parts);
    }
    for (const [msn, [first]] of this.#known)
      if (msn === end && first !== undefined && !now.parts.some((of) => of.msn === msn))
        this.#report(`${first.uri}: vanished before its segment was whole`);
    for (const msn of this.#known.keys()) if (msn < playlist.mediaSequence) this.#known.delete(msn);
    if (before === undefined || hint === undefined) return;
    const next = following(now.parts, before);
    // Another epoch is other media: what was foreseen never came to be.
    if (next?.discontinuity === before.discontinuity && next.uri !== hint.uri)
      this.#report(`${next.uri}: came instead of ${hint.uri}, which was hinted at`);
  }
}

/** The part that comes after the last one of `before`. */
function following(
  parts: readonly SegmentParts[],
  before: SegmentParts,
): { readonly uri: string; readonly discontinuity: number } | undefined {
  const same = parts.find(({ msn }) => msn === before.msn);
  if (same === undefined) return undefined;
  const within = same.parts[before.parts.length];
  if (within !== undefined) return { uri: within.uri, discontinuity: same.discontinuity };
  const next = parts.find(({ msn }) => msn === before.msn + 1);
  if (next?.parts[0] === undefined) return undefined;
  return { uri: next.parts[0].uri, discontinuity: next.discontinuity };
}

function total(parts: readonly LintedPart[]): number {
  return parts.reduce((sum, { duration }) => sum + duration, 0);
}
