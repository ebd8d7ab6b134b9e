import { type Report } from './findings.ts';
import { type LintedVariant } from './multivariant.ts';
import { type ProbedStream } from './probe.ts';

/** profile_idc of what ffprobe calls a profile (ISO/IEC 14496-10, annex A). */
const PROFILES: ReadonlyMap<string, number> = new Map([
  ['Baseline', 66],
  ['Constrained Baseline', 66],
  ['Main', 77],
  ['Extended', 88],
  ['High', 100],
  ['High 10', 110],
  ['High 4:2:2', 122],
  ['High 4:4:4 Predictive', 244],
]);

/** Audio object types (ISO/IEC 14496-3) by what ffprobe calls them. */
const SOUNDS: ReadonlyMap<string, string> = new Map([
  ['LC', 'mp4a.40.2'],
  ['HE-AAC', 'mp4a.40.5'],
  ['HE-AACv2', 'mp4a.40.29'],
]);

/** Measured over a few seconds of timestamps that are whole milliseconds. */
const RATE_SLACK = 0.01;

/** Reports where CODECS, RESOLUTION and FRAME-RATE of a variant are not what ffprobe sees in its media. `frameRate`: measured. */
export function checkStreams(
  variant: LintedVariant,
  seen: { readonly streams: readonly ProbedStream[]; readonly frameRate: number | undefined },
  report: Report,
): void {
  const { streams, frameRate } = seen;
  const listed = variant.codecs.split(',');
  if (listed.length !== streams.length)
    report(`CODECS is ${variant.codecs}, of ${streams.length} streams`);
  for (const stream of streams)
    if (!listed.some((codec) => describes(codec, stream)))
      report(
        `CODECS is ${variant.codecs}, there is ${stream.codec} ${stream.profile} ${stream.level}`,
      );
  const video = streams.find(({ kind }) => kind === 'video');
  if (video?.width !== variant.width || video?.height !== variant.height)
    report(
      `RESOLUTION is ${variant.width}x${variant.height}, not ${video?.width}x${video?.height}`,
    );
  if ((variant.frameRate === undefined) !== (video === undefined))
    report('FRAME-RATE and the picture do not go together');
  const listedRate = variant.frameRate ?? NaN;
  if (frameRate !== undefined && Math.abs(listedRate / frameRate - 1) > RATE_SLACK)
    report(`FRAME-RATE is ${listedRate}, not ${frameRate.toFixed(3)}`);
}

/** general_profile_idc of what ffprobe calls a profile of HEVC (ISO/IEC 23008-2, annex A). */
const HEVC_PROFILES: ReadonlyMap<string, number> = new Map([
  ['Main', 1],
  ['Main 10', 2],
  ['Main Still Picture', 3],
  ['Rext', 4],
]);
/** seq_profile of AV1. */
const AV1_PROFILES: readonly string[] = ['Main', 'High', 'Professional'];

function describes(codec: string, stream: ProbedStream): boolean {
  const { profile: name, level: value } = stream;
  switch (stream.codec) {
    case 'aac':
      return codec === SOUNDS.get(name);
    case 'hevc': {
      const [, idc, number] =
        /^hvc1\.[ABC]?(\d+)\.[0-9A-F]+\.[LH](\d+)(?:\.[0-9A-F]{1,2})*$/.exec(codec) ?? [];
      return Number(idc) === HEVC_PROFILES.get(name) && Number(number) === value;
    }
    case 'av1': {
      const [, idc, number, depth] = /^av01\.(\d)\.(\d\d)[MH]\.(\d\d)$/.exec(codec) ?? [];
      const deep = stream.pixels.includes('12') ? 12 : stream.pixels.includes('10') ? 10 : 8;
      return (
        AV1_PROFILES[Number(idc)] === name && Number(number) === value && Number(depth) === deep
      );
    }
    default:
  }
  const [, profile = '', level = ''] = /^avc1\.(..)..(..)$/.exec(codec) ?? [];
  return (
    stream.codec === 'h264' &&
    parseInt(profile, 16) === PROFILES.get(stream.profile) &&
    parseInt(level, 16) === stream.level
  );
}
