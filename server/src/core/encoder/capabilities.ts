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

function names(table: string, row: RegExp): readonly string[] {
  return table.split(/\r?\n/).flatMap((line) => row.exec(line)?.[1]?.split(',') ?? []);
}
