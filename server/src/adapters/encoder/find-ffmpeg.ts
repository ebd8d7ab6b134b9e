import { execFile } from 'node:child_process';
import { accessSync, chmodSync, constants, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import {
  type AudioCodec,
  decodable,
  ffmpegVersion,
  hasProtocol,
  missingCapabilities,
  type VideoCodec,
} from '../../core/index.ts';
import { OriginError } from '../../errors.ts';

/** An ffmpeg that can be used. */
export type FoundFfmpeg = {
  readonly path: string;
  readonly version: string;
  /** Where it was found: named by the caller or FFMPEG_PATH, on PATH, or in the npm package. */
  readonly source: 'option' | 'FFMPEG_PATH' | 'PATH' | 'npm';
  /** What of a publisher's it can decode. */
  readonly decodes: ReadonlySet<VideoCodec | AudioCodec>;
};

/** Where to look; everything has a default. */
export type FindFfmpegOptions = {
  /** An ffmpeg to use and no other. */
  readonly ffmpegPath?: string;
  /** Default: that of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: that of the machine; chooses how installing is described. */
  readonly platform?: string;
  /** Whether the binary of @ffmpeg-installer/ffmpeg may be taken. Default: yes. */
  readonly npm?: boolean;
};

type Candidate = Pick<FoundFfmpeg, 'path' | 'source'>;

const PROBE_MS = 20_000;
const PROBE_BYTES = 1024 * 1024;

/**
 * Finds an ffmpeg with what the origin needs: the one named, else FFMPEG_PATH, else the first fit one on
 * PATH, else the one that npm installed. Rejects with an `OriginError`: `ffmpeg-unfit` when the one that
 * was named cannot be used, `ffmpeg-missing` with the command that installs it when there is none.
 */
export async function findFfmpeg(options: FindFfmpegOptions = {}): Promise<FoundFfmpeg> {
  const env = options.env ?? process.env;
  const named = namedCandidate(options.ffmpegPath, env['FFMPEG_PATH']);
  if (named !== undefined) {
    const found = await probe(named);
    if (typeof found !== 'string') return found;
    throw new OriginError('ffmpeg-unfit', `ffmpeg at ${named.path} cannot be used: ${found}`);
  }
  const faults: string[] = [];
  for (const candidate of [...onPath(env), ...(options.npm === false ? [] : inNpm())]) {
    const found = await probe(candidate);
    if (typeof found !== 'string') return found;
    faults.push(`${candidate.path}: ${found}`);
  }
  const seen = faults.length === 0 ? '' : ` Looked at ${faults.join('; ')}.`;
  const how = installCommand(options.platform ?? process.platform);
  throw new OriginError(
    'ffmpeg-missing',
    `ffmpeg was not found. Install it with: ${how} (or set FFMPEG_PATH to an ffmpeg with libx264).${seen}`,
  );
}

/** Rejects with an `OriginError` (`ffmpeg-unfit`) unless this ffmpeg can take SRT. */
export async function expectSrt({ path }: FoundFfmpeg): Promise<void> {
  if (hasProtocol(await run(path, '-protocols'), 'srt')) return;
  throw new OriginError(
    'ffmpeg-unfit',
    `ffmpeg at ${path} was built without SRT (libsrt): use another one, or no srt`,
  );
}

/** How ffmpeg is installed on a platform, as Node names it. */
export function installCommand(platform: string): string {
  switch (platform) {
    case 'darwin':
      return 'brew install ffmpeg';
    case 'win32':
      return 'winget install Gyan.FFmpeg';
    default:
      return 'sudo apt-get install -y ffmpeg';
  }
}

function namedCandidate(
  option: string | undefined,
  env: string | undefined,
): Candidate | undefined {
  if (option !== undefined && option !== '') return { path: option, source: 'option' };
  if (env !== undefined && env !== '') return { path: env, source: 'FFMPEG_PATH' };
  return undefined;
}

function onPath(env: Readonly<Record<string, string | undefined>>): readonly Candidate[] {
  const file = process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg';
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(delimiter).filter((dir) => dir !== '');
  return folders
    .map((dir) => join(dir, file))
    .filter(isFile)
    .map((path) => ({ path, source: 'PATH' }));
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** npm does not run install scripts unasked, so that the binary may lack its executable bit. */
function inNpm(): readonly Candidate[] {
  try {
    const installer: unknown = createRequire(import.meta.url)('@ffmpeg-installer/ffmpeg');
    if (typeof installer !== 'object' || installer === null || !('path' in installer)) return [];
    const { path } = installer;
    if (typeof path !== 'string') return [];
    makeExecutable(path);
    return [{ path, source: 'npm' }];
  } catch {
    // An optional dependency: there is none for every platform, and it throws where there is not.
    return [];
  }
}

/** Gives a file its executable bit, if it lacks it and that is allowed. */
function makeExecutable(path: string): void {
  try {
    accessSync(path, constants.X_OK);
  } catch {
    chmodSync(path, 0o755);
  }
}

/** The candidate as found, or why it cannot be used. */
async function probe(candidate: Candidate): Promise<FoundFfmpeg | string> {
  try {
    const version = ffmpegVersion(await run(candidate.path, '-version'));
    if (version === undefined) return 'it is not ffmpeg';
    const encoders = await run(candidate.path, '-encoders');
    const formats = await run(candidate.path, '-formats');
    const missing = missingCapabilities({ encoders, formats });
    const decodes = decodable(await run(candidate.path, '-decoders'));
    return missing.length === 0
      ? { ...candidate, version, decodes }
      : `it lacks ${missing.join(', ')}`;
  } catch (error) {
    return error instanceof Error ? error.message.split('\n', 1).join('') : 'it does not run';
  }
}

function run(path: string, argument: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: PROBE_MS, maxBuffer: PROBE_BYTES, windowsHide: true };
    execFile(path, ['-hide_banner', argument], options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Error(error.message, { cause: error }));
    });
  });
}
