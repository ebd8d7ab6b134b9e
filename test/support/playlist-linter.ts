import { readSwarmTags } from '@shoal/protocol';

/** A segment as a media playlist of ours lists it. */
export type LintedSegment = {
  readonly msn: number;
  readonly uri: string;
  readonly epoch: number;
  /** Seconds. */
  readonly duration: number;
  /** Unix milliseconds. */
  readonly programDateTime: number;
  readonly map: string;
  /** EXT-X-DISCONTINUITY-SEQUENCE and the discontinuities up to this segment. */
  readonly discontinuity: number;
};

/** A media playlist, read strictly. */
export type LintedPlaylist = {
  readonly targetDuration: number;
  readonly mediaSequence: number;
  readonly segments: readonly LintedSegment[];
  readonly independent: boolean;
  readonly ended: boolean;
};

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const URI = /^(\d+)-(\d+)\.m4s$/;
/** EXTINF and programme dates are whole milliseconds. */
const PDT_TOLERANCE_MS = 3;

/**
 * Watches one media playlist of an origin over its reloads and collects everything that breaks RFC 8216
 * or the rules SEG-8, SEG-9, ORG-4 and ORG-5. Feed it every version that a player would see.
 */
export class PlaylistLinter {
  readonly #problems: string[] = [];
  readonly #seen = new Map<number, LintedSegment>();
  #last: LintedPlaylist | undefined;
  #newest: LintedSegment | undefined;

  /** Everything found so far, in words; empty for a flawless playlist. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Every segment that was ever listed, in order. */
  get segments(): readonly LintedSegment[] {
    return [...this.#seen.values()];
  }

  /** Reads one version of the playlist; returns it. */
  observe(text: string): LintedPlaylist {
    const playlist = this.#read(text);
    this.#compareHead(playlist);
    playlist.segments.forEach((segment, index) => {
      this.#segment(segment, playlist, playlist.segments[index - 1]);
    });
    this.#last = playlist;
    return playlist;
  }

  #problem(text: string): void {
    // A playlist that is wrong stays wrong: enough is said.
    if (this.#problems.length < 100) this.#problems.push(text);
  }

  #compareHead(playlist: LintedPlaylist): void {
    const last = this.#last;
    if (playlist.segments.length === 0) this.#problem('no segments are listed');
    if (last === undefined) return;
    if (playlist.mediaSequence < last.mediaSequence) this.#problem('MEDIA-SEQUENCE went back');
    if (!last.ended && playlist.targetDuration !== last.targetDuration)
      this.#problem(`TARGETDURATION changed to ${playlist.targetDuration}`);
    const lost = (last.segments.at(-1)?.msn ?? 0) > (playlist.segments.at(-1)?.msn ?? 0);
    if (lost) this.#problem('a listed segment vanished from the end');
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
    if (sameEpoch !== (segment.map === before.map))
      this.#problem(`${segment.uri}: epoch and EXT-X-MAP do not change together`);
    const expected = before.programDateTime + before.duration * 1000;
    const gap = segment.programDateTime - expected;
    if (sameEpoch && Math.abs(gap) > PDT_TOLERANCE_MS)
      this.#problem(`${segment.uri}: ${gap} ms between programme dates`);
    if (!sameEpoch && gap < -PDT_TOLERANCE_MS)
      this.#problem(`${segment.uri}: overlaps the epoch before by ${-gap} ms`);
  }

  #read(text: string): LintedPlaylist {
    const lines = text.split('\n');
    if (lines[0] !== '#EXTM3U') this.#problem('no #EXTM3U');
    const head = (tag: string): number => {
      const found = lines.filter((line) => line.startsWith(`#EXT-X-${tag}:`));
      if (found.length !== 1) this.#problem(`${found.length} tags EXT-X-${tag}`);
      return Number(found[0]?.slice(tag.length + 8));
    };
    if (head('VERSION') < 6) this.#problem('EXT-X-MAP needs version 6');
    const targetDuration = head('TARGETDURATION');
    const mediaSequence = head('MEDIA-SEQUENCE');
    if (!Number.isInteger(targetDuration) || targetDuration < 1)
      this.#problem('TARGETDURATION is not a positive whole number');
    const segments = this.#readSegments(lines, {
      mediaSequence,
      discontinuity: head('DISCONTINUITY-SEQUENCE'),
    });
    this.#checkSwarmTags(text, segments);
    if (lines.some((line) => line.startsWith('#EXT-X-GAP'))) this.#problem('a gap is listed');
    const ended = lines.includes('#EXT-X-ENDLIST');
    if (ended && lines.at(-2) !== '#EXT-X-ENDLIST') this.#problem('ENDLIST is not the last tag');
    const independent = lines.includes('#EXT-X-INDEPENDENT-SEGMENTS');
    return { targetDuration, mediaSequence, segments, independent, ended };
  }

  #readSegments(
    lines: readonly string[],
    start: { readonly mediaSequence: number; readonly discontinuity: number },
  ): readonly LintedSegment[] {
    const segments: LintedSegment[] = [];
    let { discontinuity } = start;
    let map = '';
    let duration = NaN;
    let date = '';
    for (const line of lines) {
      if (line === '#EXT-X-DISCONTINUITY') {
        if (segments.length === 0) this.#problem('a discontinuity before the first segment');
        discontinuity += 1;
      } else if (line.startsWith('#EXT-X-MAP:URI="')) map = line.slice(16, -1);
      else if (line.startsWith('#EXTINF:')) duration = Number(line.slice(8, line.indexOf(',')));
      else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) date = line.slice(25);
      else if (line !== '' && !line.startsWith('#')) {
        const [, epoch, number] = URI.exec(line) ?? [];
        const msn = start.mediaSequence + segments.length;
        if (Number(number) !== msn) this.#problem(`${line} stands at number ${msn}`);
        if (map !== `${epoch ?? ''}-init.mp4`) this.#problem(`${line} has the map ${map}`);
        if (!(duration > 0)) this.#problem(`${line} has no EXTINF`);
        if (!DATE.test(date)) this.#problem(`${line} has the programme date ${date}`);
        const programDateTime = Date.parse(date);
        const place = { msn, uri: line, epoch: Number(epoch), map, discontinuity };
        segments.push({ ...place, duration, programDateTime });
        duration = NaN;
        date = '';
      }
    }
    return segments;
  }

  #checkSwarmTags(text: string, segments: readonly LintedSegment[]): void {
    const swarm = readSwarmTags(text);
    if (swarm === undefined) {
      this.#problem('SEG-8: no EXT-X-SHOAL');
      return;
    }
    const first = text.indexOf('#EXTINF');
    if (first >= 0 && text.indexOf('#EXT-X-SHOAL:') > first)
      this.#problem('SEG-8: EXT-X-SHOAL comes after a segment');
    const listed = new Map(swarm.segments.map(({ uri, info }) => [uri, info]));
    for (const { uri, epoch, msn } of segments) {
      const info = listed.get(uri);
      if (info === undefined) this.#problem(`SEG-9: ${uri} has no EXT-X-SHOAL-SEGMENT`);
      else if (info.id.epoch !== epoch || info.id.msn !== msn)
        this.#problem(`SEG-9: ${uri} is tagged ${info.id.epoch}-${info.id.msn}`);
    }
  }
}
