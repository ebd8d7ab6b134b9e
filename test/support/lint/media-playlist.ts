import { readSwarmTags } from '@shoal/protocol';
import { flagOf, numberOf, readAttributes } from './attributes.ts';
import { type Report } from './findings.ts';

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
  /** Whether it is missing (draft-pantos-hls-rfc8216bis section 4.4.4.7): nothing is under its URI. */
  readonly gap?: true;
};

/** An EXT-X-PART. */
export type LintedPart = {
  readonly uri: string;
  /** Seconds. */
  readonly duration: number;
  readonly independent: boolean;
};

/** The parts of one segment, which is the one after the last while it has no URI yet. */
export type SegmentParts = {
  readonly msn: number;
  readonly discontinuity: number;
  readonly map: string;
  readonly parts: readonly LintedPart[];
};

/** What a playlist has of Low-Latency HLS (draft-pantos-hls-rfc8216bis, sections 4.4.3.7, 4.4.3.8, 4.4.4.9 and 4.4.5). Seconds. */
export type LowLatency = {
  readonly partTarget: number | undefined;
  readonly canBlockReload: boolean;
  readonly canSkipUntil: number | undefined;
  readonly holdBack: number | undefined;
  readonly partHoldBack: number | undefined;
  /** Of each segment that has some, oldest first. */
  readonly parts: readonly SegmentParts[];
  /** EXT-X-PRELOAD-HINT, in order. */
  readonly hints: readonly { readonly type: string; readonly uri: string }[];
  readonly reports: readonly {
    readonly uri: string;
    readonly lastMsn: number | undefined;
    readonly lastPart: number | undefined;
  }[];
};

/** A media playlist, read strictly. */
export type LintedPlaylist = {
  readonly targetDuration: number;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly segments: readonly LintedSegment[];
  readonly independent: boolean;
  readonly ended: boolean;
  /** EXT-X-PLAYLIST-TYPE; absent where that is. */
  readonly type?: string;
  /** Absent where none of its tags is there. */
  readonly lowLatency?: LowLatency;
};

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const URI = /^(\d+)-(\d+)\.m4s$/;
const TYPE = '#EXT-X-PLAYLIST-TYPE:';
const LOW_LATENCY = /^#EXT-X-(PART|PART-INF|SERVER-CONTROL|PRELOAD-HINT|RENDITION-REPORT):/m;

/** Reads a whole media playlist, no delta update; reports what it should not have. */
export function readMediaPlaylist(text: string, report: Report): LintedPlaylist {
  const lines = text.split('\n');
  if (lines[0] !== '#EXTM3U') report('no #EXTM3U');
  const head = (tag: string): number => {
    const found = lines.filter((line) => line.startsWith(`#EXT-X-${tag}:`));
    if (found.length !== 1) report(`${found.length} tags EXT-X-${tag}`);
    const number = Number(found[0]?.slice(tag.length + 8));
    if (!Number.isInteger(number) || number < 0) report(`EXT-X-${tag} is no whole number`);
    return number;
  };
  const version = head('VERSION');
  if (version < 6) report('EXT-X-MAP needs version 6');
  const targetDuration = head('TARGETDURATION');
  const mediaSequence = head('MEDIA-SEQUENCE');
  const discontinuitySequence = head('DISCONTINUITY-SEQUENCE');
  if (targetDuration < 1) report('TARGETDURATION is not positive');
  const body = new BodyReader({ mediaSequence, discontinuitySequence }, report);
  for (const line of lines) body.read(line);
  const { segments, parts } = body;
  checkSwarmTags(text, segments, report);
  if (version < 8 && segments.some(({ gap }) => gap)) report('EXT-X-GAP needs version 8');
  if (lines.some((line) => line.startsWith('#EXT-X-SKIP'))) report('segments are skipped unasked');
  const ended = lines.includes('#EXT-X-ENDLIST');
  if (ended && lines.at(-2) !== '#EXT-X-ENDLIST') report('ENDLIST is not the last tag');
  const independent = lines.includes('#EXT-X-INDEPENDENT-SEGMENTS');
  const type = lines.find((line) => line.startsWith(TYPE))?.slice(TYPE.length);
  if (type !== undefined && type !== 'EVENT' && type !== 'VOD') report(`PLAYLIST-TYPE is ${type}`);
  if (type === 'VOD' && !ended) report('a VOD that is not at its end');
  const read = { targetDuration, mediaSequence, discontinuitySequence, segments };
  const playlist = { ...read, independent, ended, ...(type !== undefined && { type }) };
  if (!LOW_LATENCY.test(text)) return playlist;
  return { ...playlist, lowLatency: { ...readLowLatency(lines, report), parts } };
}

/** Reads what belongs to segments, line by line. */
class BodyReader {
  readonly segments: LintedSegment[] = [];
  readonly parts: SegmentParts[] = [];
  readonly #report: Report;
  #msn: number;
  #discontinuity: number;
  #map = '';
  #duration = NaN;
  #date = '';
  #gap = false;
  #parts: LintedPart[] = [];

  constructor(
    start: { readonly mediaSequence: number; readonly discontinuitySequence: number },
    report: Report,
  ) {
    this.#msn = start.mediaSequence;
    this.#discontinuity = start.discontinuitySequence;
    this.#report = report;
  }

  read(line: string): void {
    const last = this.#parts.length > 0;
    if (line === '#EXT-X-DISCONTINUITY') {
      if (this.segments.length === 0) this.#report('a discontinuity before the first segment');
      if (last) this.#report('a discontinuity within a segment');
      this.#discontinuity += 1;
    } else if (line.startsWith('#EXT-X-MAP:')) {
      if (last) this.#report('a map within a segment');
      this.#map = readAttributes(line.slice(11), this.#report).get('URI') ?? '';
    } else if (line.startsWith('#EXTINF:')) this.#extinf(line.slice(8));
    else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) this.#date = line.slice(25);
    else if (line === '#EXT-X-GAP') this.#gap = true;
    else if (line.startsWith('#EXT-X-PART:')) this.#part(line.slice(12));
    else if (line !== '' && !line.startsWith('#')) this.#uri(line);
  }

  #extinf(text: string): void {
    if (!/^\d+(\.\d+)?,/.test(text)) this.#report(`EXTINF is ${text}`);
    this.#duration = Number(text.slice(0, text.indexOf(',')));
  }

  #part(text: string): void {
    const attributes = readAttributes(text, this.#report);
    const uri = attributes.get('URI') ?? '';
    const duration = numberOf(attributes, 'DURATION', this.#report) ?? NaN;
    if (uri === '' || !(duration > 0)) this.#report(`a part lacks URI or DURATION: ${text}`);
    if (this.#parts.length === 0)
      this.parts.push({
        msn: this.#msn,
        discontinuity: this.#discontinuity,
        map: this.#map,
        parts: this.#parts,
      });
    this.#parts.push({
      uri,
      duration,
      independent: flagOf(attributes, 'INDEPENDENT', this.#report),
    });
  }

  #uri(line: string): void {
    const [, epoch, number] = URI.exec(line) ?? [];
    const msn = this.#msn;
    if (Number(number) !== msn) this.#report(`${line} stands at number ${msn}`);
    // No map is named for the sake of what is missing.
    if (!this.#gap && this.#map !== `${epoch ?? ''}-init.mp4`)
      this.#report(`${line} has the map ${this.#map}`);
    if (!(this.#duration > 0)) this.#report(`${line} has no EXTINF`);
    if (!DATE.test(this.#date)) this.#report(`${line} has the programme date ${this.#date}`);
    this.segments.push({
      ...{ msn, uri: line, epoch: Number(epoch), map: this.#map },
      discontinuity: this.#discontinuity,
      duration: this.#duration,
      programDateTime: Date.parse(this.#date),
      ...(this.#gap && { gap: true }),
    });
    this.#gap = false;
    this.#msn += 1;
    this.#duration = NaN;
    this.#date = '';
    this.#parts = [];
  }
}

function readLowLatency(lines: readonly string[], report: Report): Omit<LowLatency, 'parts'> {
  const tags = (name: string) =>
    lines
      .filter((line) => line.startsWith(`#EXT-X-${name}:`))
      .map((line) => readAttributes(line.slice(name.length + 8), report));
  const one = (name: string) => {
    const found = tags(name);
    if (found.length > 1) report(`${found.length} tags EXT-X-${name}`);
    return found[0] ?? new Map<string, string>();
  };
  const control = one('SERVER-CONTROL');
  return {
    partTarget: numberOf(one('PART-INF'), 'PART-TARGET', report),
    canBlockReload: flagOf(control, 'CAN-BLOCK-RELOAD', report),
    canSkipUntil: numberOf(control, 'CAN-SKIP-UNTIL', report),
    holdBack: numberOf(control, 'HOLD-BACK', report),
    partHoldBack: numberOf(control, 'PART-HOLD-BACK', report),
    hints: tags('PRELOAD-HINT').map((hint) => ({
      type: hint.get('TYPE') ?? '',
      uri: hint.get('URI') ?? '',
    })),
    reports: tags('RENDITION-REPORT').map((about) => ({
      uri: about.get('URI') ?? '',
      lastMsn: numberOf(about, 'LAST-MSN', report),
      lastPart: numberOf(about, 'LAST-PART', report),
    })),
  };
}

function checkSwarmTags(text: string, segments: readonly LintedSegment[], report: Report): void {
  const swarm = readSwarmTags(text);
  if (swarm === undefined) {
    // Those of low latency have none (ORG-18).
    if (!text.includes('#EXT-X-SERVER-CONTROL')) report('SEG-8: no EXT-X-SHOAL');
    return;
  }
  const first = text.indexOf('#EXTINF');
  if (first >= 0 && text.indexOf('#EXT-X-SHOAL:') > first)
    report('SEG-8: EXT-X-SHOAL comes after a segment');
  const listed = new Map(swarm.segments.map(({ uri, info }) => [uri, info]));
  for (const { uri, epoch, msn, gap } of segments) {
    const info = listed.get(uri);
    if (gap === true) {
      if (info !== undefined) report(`SEG-9: ${uri} is a gap, and has EXT-X-SHOAL-SEGMENT`);
    } else if (info === undefined) report(`SEG-9: ${uri} has no EXT-X-SHOAL-SEGMENT`);
    else if (info.id.epoch !== epoch || info.id.msn !== msn)
      report(`SEG-9: ${uri} is tagged ${info.id.epoch}-${info.id.msn}`);
  }
}
