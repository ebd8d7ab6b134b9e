import { numberOf, readAttributes } from './attributes.ts';
import { type Report } from './findings.ts';
import { flatten } from './reading.ts';
import { compareWithParsers } from './second-opinions.ts';

/** A variant stream as a multivariant playlist of ours lists it. */
export type LintedVariant = {
  readonly uri: string;
  /** Bits per second. */
  readonly bandwidth: number;
  readonly averageBandwidth: number;
  readonly codecs: string;
  readonly width?: number;
  readonly height?: number;
  /** Frames per second. */
  readonly frameRate?: number;
  /** The group of its sound, where that is a rendition of its own. */
  readonly audio?: string;
};

/** Sound that is a rendition of its own (RFC 8216 section 4.3.4.1). */
type LintedSound = {
  readonly group: string;
  readonly name: string;
  readonly uri: string;
  readonly channels: string;
  readonly isDefault: boolean;
  readonly autoselect: boolean;
};

/** A multivariant playlist, read strictly. */
export type LintedMultivariant = {
  readonly independent: boolean;
  readonly variants: readonly LintedVariant[];
  readonly sounds: readonly LintedSound[];
};

/** Reads a multivariant playlist; reports what RFC 8216 section 4.3.4.2 does not allow, and where parsers of others read it in another way. */
export function readMultivariant(text: string, report: Report): LintedMultivariant {
  const lines = text.split('\n');
  if (lines[0] !== '#EXTM3U') report('no #EXTM3U');
  const variants: LintedVariant[] = [];
  const sounds: LintedSound[] = [];
  let waiting: Omit<LintedVariant, 'uri'> | undefined;
  for (const line of lines) {
    if (line.startsWith('#EXT-X-MEDIA:')) sounds.push(readSound(line.slice(13), report));
    else if (line.startsWith('#EXT-X-STREAM-INF:')) waiting = readVariant(line.slice(18), report);
    else if (line !== '' && !line.startsWith('#')) {
      if (waiting === undefined) report(`${line} has no EXT-X-STREAM-INF`);
      else if (variants.some(({ uri }) => uri === line)) report(`${line} is listed twice`);
      else variants.push({ uri: line, ...waiting });
      waiting = undefined;
    }
  }
  if (waiting !== undefined) report('EXT-X-STREAM-INF without a URI');
  if (variants.length === 0) report('no variants are listed');
  checkGroups(variants, sounds, report);
  const independent = lines.includes('#EXT-X-INDEPENDENT-SEGMENTS');
  compareWithParsers(
    text,
    flatten({
      ...{ independent, count: variants.length, variants: [...variants] },
      sounds: sounds.map(({ group, name, uri, isDefault, autoselect }) => ({
        ...{ group, name, uri, isDefault, autoselect },
      })),
    }),
    report,
  );
  return { independent, variants, sounds };
}

function readSound(text: string, report: Report): LintedSound {
  const attributes = readAttributes(text, report);
  const needed = (name: string): string => {
    const value = attributes.get(name) ?? '';
    if (value === '') report(`EXT-X-MEDIA has no ${name}`);
    return value;
  };
  if (needed('TYPE') !== 'AUDIO') report(`EXT-X-MEDIA of type ${attributes.get('TYPE') ?? ''}`);
  const [isDefault, autoselect] = ['DEFAULT', 'AUTOSELECT'].map(
    (name) => attributes.get(name) === 'YES',
  );
  if (isDefault === true && autoselect !== true) report('DEFAULT without AUTOSELECT');
  return {
    ...{ group: needed('GROUP-ID'), name: needed('NAME'), uri: needed('URI') },
    ...{ channels: needed('CHANNELS'), isDefault: isDefault ?? false },
    autoselect: autoselect ?? false,
  };
}

/** Every group that a variant names is there, and every one that is there is named. */
function checkGroups(
  variants: readonly LintedVariant[],
  sounds: readonly LintedSound[],
  report: Report,
): void {
  for (const { uri, audio } of variants)
    if (audio !== undefined && !sounds.some(({ group }) => group === audio))
      report(`${uri} has the sound of ${audio}, which is not listed`);
  for (const { group, name, uri } of sounds) {
    if (!variants.some(({ audio }) => audio === group)) report(`nothing has the sound of ${group}`);
    const alike = sounds.filter((other) => other.group === group && other.name === name);
    if (alike.length > 1) report(`${name} is in ${group} twice`);
    if (variants.some((variant) => variant.uri === uri)) report(`${uri} is a variant too`);
  }
}

function readVariant(text: string, report: Report): Omit<LintedVariant, 'uri'> {
  const attributes = readAttributes(text, report);
  const needed = (name: string): number => {
    const number = numberOf(attributes, name, report);
    if (number === undefined || !Number.isInteger(number) || number < 1)
      report(`${name} is ${attributes.get(name) ?? 'absent'}`);
    return number ?? NaN;
  };
  const bandwidth = needed('BANDWIDTH');
  const averageBandwidth = needed('AVERAGE-BANDWIDTH');
  if (averageBandwidth > bandwidth) report('AVERAGE-BANDWIDTH is above BANDWIDTH');
  const codecs = attributes.get('CODECS') ?? '';
  if (codecs === '') report('no CODECS');
  const size = attributes.get('RESOLUTION');
  const [, width, height] = /^(\d+)x(\d+)$/.exec(size ?? '') ?? [];
  if (size !== undefined && width === undefined) report(`RESOLUTION is ${size}`);
  if (/avc1|hvc1|av01/.test(codecs) !== (size !== undefined))
    report('RESOLUTION and the codec of a picture do not go together');
  const frameRate = numberOf(attributes, 'FRAME-RATE', report);
  const audio = attributes.get('AUDIO');
  return {
    ...{ bandwidth, averageBandwidth, codecs },
    ...(width !== undefined && { width: Number(width), height: Number(height) }),
    ...(frameRate !== undefined && { frameRate }),
    ...(audio !== undefined && { audio }),
  };
}

/** A segment's size and time. */
export type Weight = { readonly bytes: number; readonly durationMs: number };

/**
 * The peak segment bitrate of RFC 8216 section 4.1: of all contiguous sets of segments that last from half to one and a half
 * target durations. Bits per second; 0 where there is no such set.
 */
export function peakBitrate(segments: readonly Weight[], targetDurationMs: number): number {
  let peak = 0;
  for (let from = 0; from < segments.length; from++) {
    let [bytes, durationMs] = [0, 0];
    for (const segment of segments.slice(from)) {
      bytes += segment.bytes;
      durationMs += segment.durationMs;
      if (durationMs > 1.5 * targetDurationMs) break;
      if (durationMs >= targetDurationMs / 2) peak = Math.max(peak, (bytes * 8000) / durationMs);
    }
  }
  return peak;
}

/** Bits per second of all together. */
export function averageBitrate(segments: readonly Weight[]): number {
  const durationMs = segments.reduce((sum, segment) => sum + segment.durationMs, 0);
  return (segments.reduce((sum, { bytes }) => sum + bytes, 0) * 8000) / durationMs;
}

/** By how much AVERAGE-BANDWIDTH may be off (RFC 8216 section 4.3.4.2 wants it accurate, and gives live streams 10 %). */
const AVERAGE_SLACK = 0.1;

/**
 * Reports where the bitrates of a variant are not those of its bytes: BANDWIDTH is at least the peak of the segments that were
 * listed before, and AVERAGE-BANDWIDTH what all of them have, or all with those that came just then.
 */
export function checkBitrates(
  variant: Pick<LintedVariant, 'bandwidth' | 'averageBandwidth'>,
  segments: {
    readonly before: readonly Weight[];
    readonly after: readonly Weight[];
    readonly targetDurationMs: number;
  },
  report: Report,
): void {
  const { before, after, targetDurationMs } = segments;
  const peak = peakBitrate(before, targetDurationMs);
  // What is written is a whole number, of lengths that are rounded to the millisecond.
  if (variant.bandwidth < peak * 0.999 - 1)
    report(`BANDWIDTH is ${variant.bandwidth}, the peak ${Math.round(peak)}`);
  const averages = [before, after].map(averageBitrate);
  const { averageBandwidth } = variant;
  if (averages.every((average) => Math.abs(averageBandwidth / average - 1) > AVERAGE_SLACK))
    report(
      `AVERAGE-BANDWIDTH is ${averageBandwidth}, not ${averages.map(Math.round).join(' or ')}`,
    );
}
