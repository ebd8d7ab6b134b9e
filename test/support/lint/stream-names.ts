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

function describes(codec: string, stream: ProbedStream): boolean {
  if (stream.codec === 'aac') return codec === SOUNDS.get(stream.profile);
  const [, profile = '', level = ''] = /^avc1\.(..)..(..)$/.exec(codec) ?? [];
  return (
    stream.codec === 'h264' &&
    parseInt(profile, 16) === PROFILES.get(stream.profile) &&
    parseInt(level, 16) === stream.level
  );
}
