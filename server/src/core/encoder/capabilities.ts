import { type AudioCodec, type VideoCodec } from '../flv/codecs.ts';

/** What the origin, the test pattern and the tests need of ffmpeg. */
const NEEDED = {
  encoders: ['libx264', 'aac'],
  demuxers: ['flv'],
  muxers: ['flv', 'mp4'],
} as const;

/** Output of `ffmpeg -encoders` and `ffmpeg -formats`. */
export type ProbeOutput = {
  readonly encoders: string;
  readonly formats: string;
};

/** The version in the first line of `ffmpeg -version`, or undefined when that is not ffmpeg's output. */
export function ffmpegVersion(output: string): string | undefined {
  return /^ffmpeg version (\S+)/.exec(output)?.[1];
}

/** Whether this version has the option `-fps_mode`, which came with 5.1; nightly builds, which have no number, are older. */
export function hasFpsMode(version: string): boolean {
  const [, major = '0', minor = '0'] = /^n?(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 5 || (major === '5' && Number(minor) >= 1);
}

/** Whether this protocol is in the output of `ffmpeg -protocols`. */
export function hasProtocol(output: string, protocol: string): boolean {
  return output.split(/\r?\n/).some((line) => line.trim() === protocol);
}

/** What the origin needs and this ffmpeg lacks, in words; empty for one that can be used. */
export function missingCapabilities(output: ProbeOutput): readonly string[] {
  const encoders = new Set(names(output.encoders, /^\s*[VASDFXBI.]{6}\s+(\S+)/));
  const demuxers = new Set(names(output.formats, /^\s*D[E ]?\s*d?\s+(\S+)/));
  const muxers = new Set(names(output.formats, /^\s*[D ]E\s*d?\s+(\S+)/));
  return [
    ...NEEDED.encoders.filter((name) => !encoders.has(name)).map((name) => `encoder ${name}`),
    ...NEEDED.demuxers.filter((name) => !demuxers.has(name)).map((name) => `demuxer ${name}`),
    ...NEEDED.muxers.filter((name) => !muxers.has(name)).map((name) => `muxer ${name}`),
  ];
}

/** Decoders of which one does; the one called `av1` needs hardware that is not looked for. */
const DECODERS: Readonly<Record<VideoCodec | AudioCodec, readonly string[]>> = {
  'H.264': ['h264'],
  HEVC: ['hevc'],
  AV1: ['libdav1d', 'libaom-av1'],
  'H.263': ['flv'],
  VP6: ['vp6f'],
  'VP6 with alpha': ['vp6a'],
  'Screen video': ['flashsv'],
  'Screen video 2': ['flashsv2'],
  AAC: ['aac'],
  Opus: ['opus', 'libopus'],
  'AC-3': ['ac3', 'ac3_fixed'],
  'E-AC-3': ['eac3'],
  FLAC: ['flac'],
  MP3: ['mp3float', 'mp3'],
  PCM: ['pcm_s16le'],
  ADPCM: ['adpcm_swf'],
  Nellymoser: ['nellymoser'],
  'G.711': ['pcm_alaw'],
  Speex: ['speex', 'libspeex'],
};

/** Of what a publisher may send, what is in the output of `ffmpeg -decoders`. */
export function decodable(output: string): ReadonlySet<VideoCodec | AudioCodec> {
  const there = new Set(names(output, /^\s*[VASDFXBI.]{6}\s+(\S+)/));
  const codecs = Object.keys(DECODERS) as (VideoCodec | AudioCodec)[]; // its keys, which TypeScript widens
  return new Set(codecs.filter((codec) => DECODERS[codec].some((name) => there.has(name))));
}

function names(table: string, row: RegExp): readonly string[] {
  return table.split(/\r?\n/).flatMap((line) => row.exec(line)?.[1]?.split(',') ?? []);
}
