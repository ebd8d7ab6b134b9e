import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Environment, findChromium, type FoundChromium } from './find-chromium.ts';

/** The commands that install the browser, by system. */
export const CHROMIUM_COMMANDS = {
  debian:
    'apt-get update && apt-get install -y --no-install-recommends chromium-headless-shell' +
    ' || apt-get install -y --no-install-recommends chromium',
  macos: 'brew install --cask google-chrome',
  windows: 'winget install --id Google.Chrome --exact',
} as const;

/** The same for Redis. Its service need not start: tests start one of their own. */
const REDIS_COMMANDS = {
  debian: 'apt-get update && RUNLEVEL=1 apt-get install -y --no-install-recommends redis-server',
  macos: 'brew install redis',
} as const;

/** The same for ffmpeg with ffprobe, SRT and encoders of HEVC and AV1, which the one that npm brings lacks. */
const FFMPEG_COMMANDS = {
  debian: 'apt-get update && apt-get install -y --no-install-recommends ffmpeg',
  macos: 'brew install ffmpeg',
} as const;

/** The same for PostgreSQL; no server of it is started. */
const POSTGRES_COMMANDS = {
  debian: 'apt-get update && RUNLEVEL=1 apt-get install -y --no-install-recommends postgresql',
} as const;

/** What tests need is missing, and `npm test` could not install it. */
export class SetupError extends Error {
  readonly code:
    | 'chromium-missing'
    | 'chromium-path-wrong'
    | 'ffmpeg-missing'
    | 'redis-missing'
    | 'install-failed';

  constructor(code: SetupError['code'], message: string) {
    super(message);
    this.name = 'SetupError';
    this.code = code;
  }
}

/** What decides whether something can be installed without asking. */
export type Machine = {
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
  readonly hasApt: boolean;
  readonly env: Environment;
};

/** The machine this runs on. */
export function thisMachine(env: Environment = process.env): Machine {
  return {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    hasApt: process.platform === 'linux' && existsSync('/usr/bin/apt-get'),
    env,
  };
}

/** Whether {@link ensureChromium} and {@link ensureRedis} would install what is missing by themselves: as root, with apt. */
export function canInstall(machine: Machine): boolean {
  return machine.platform === 'linux' && machine.isRoot && machine.hasApt;
}

/** What somebody has to type to get the browser. */
export function howToInstall(machine: Machine): string {
  return [
    'Chromium or Chrome is needed for the browser tests and was not found. Install it:',
    `  Debian, Ubuntu   sudo sh -c '${CHROMIUM_COMMANDS.debian}'`,
    `  macOS            ${CHROMIUM_COMMANDS.macos}`,
    `  Windows          ${CHROMIUM_COMMANDS.windows}`,
    machine.env['CHROMIUM_PATH'] === undefined
      ? 'or name one that is there: CHROMIUM_PATH=/path/to/chromium'
      : `CHROMIUM_PATH is ${machine.env['CHROMIUM_PATH']}, which cannot be run: correct or unset it.`,
  ].join('\n');
}

/**
 * The browser for the tests: the one that is there, else one installed with apt where that needs no
 * question.
 *
 * @throws SetupError with the command for each system.
 */
export async function ensureChromium(
  print: (line: string) => void,
  machine: Machine = thisMachine(),
): Promise<FoundChromium> {
  const found = await findChromium(machine.env, machine.platform);
  if (found !== undefined) return found;
  // Whoever names a browser wants that one and no other.
  if (machine.env['CHROMIUM_PATH'])
    throw new SetupError('chromium-path-wrong', howToInstall(machine));
  if (!canInstall(machine)) throw new SetupError('chromium-missing', howToInstall(machine));
  print('Installing chromium with apt-get for the browser tests (about a minute)');
  const output = await runQuietly(CHROMIUM_COMMANDS.debian, machine.env);
  const installed = await findChromium(machine.env, machine.platform);
  if (installed !== undefined) return installed;
  throw new SetupError(
    'install-failed',
    `apt-get did not install chromium.\n${output}\n${howToInstall(machine)}`,
  );
}

/**
 * The path of `redis-server` for the tests of several tracker nodes: REDIS_SERVER_PATH, else the one of the PATH, else one
 * installed with apt where that needs no question.
 *
 * @throws SetupError with the command for each system.
 */
export async function ensureRedis(
  print: (line: string) => void,
  machine: Machine = thisMachine(),
): Promise<string> {
  const found = findRedis(machine.env);
  if (found !== undefined) return found;
  const advice = [
    'redis-server is needed for the tests of several tracker nodes and was not found. Install it:',
    `  Debian, Ubuntu   sudo sh -c '${REDIS_COMMANDS.debian}'`,
    `  macOS            ${REDIS_COMMANDS.macos}`,
    'or name one that is there: REDIS_SERVER_PATH=/path/to/redis-server',
  ].join('\n');
  if (!canInstall(machine)) throw new SetupError('redis-missing', advice);
  print('Installing redis-server with apt-get for the tracker tests');
  const output = await runQuietly(REDIS_COMMANDS.debian, machine.env);
  const installed = findRedis(machine.env);
  if (installed !== undefined) return installed;
  throw new SetupError('install-failed', `apt-get did not install redis.\n${output}\n${advice}`);
}

function findRedis(env: Environment): string | undefined {
  if (env['REDIS_SERVER_PATH']) return env['REDIS_SERVER_PATH'];
  return findOnPath('redis-server', env);
}

function findOnPath(program: string, env: Environment): string | undefined {
  return (env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));
}

/**
 * Sees to it that there is an ffmpeg with ffprobe beside it: by FFMPEG_PATH, in the PATH, or installed with apt where that needs no
 * question. Watching and publishing needs none, since npm brings one along.
 *
 * @throws SetupError with the command for each system.
 */
export async function ensureFfmpeg(
  print: (line: string) => void,
  machine: Machine = thisMachine(),
): Promise<void> {
  const { env } = machine;
  const isThere = (): boolean =>
    Boolean(env['FFMPEG_PATH']) ||
    ['ffmpeg', 'ffprobe'].every((program) => findOnPath(program, env) !== undefined);
  if (isThere()) return;
  const advice = [
    'ffmpeg and ffprobe are needed for the tests of codecs, SRT and recordings. Install them:',
    `  Debian, Ubuntu   sudo sh -c '${FFMPEG_COMMANDS.debian}'`,
    `  macOS            ${FFMPEG_COMMANDS.macos}`,
  ].join('\n');
  if (!canInstall(machine)) throw new SetupError('ffmpeg-missing', advice);
  print('Installing ffmpeg with apt-get for the tests of the origin');
  const output = await runQuietly(FFMPEG_COMMANDS.debian, env);
  if (!isThere())
    throw new SetupError('install-failed', `apt-get did not install ffmpeg.\n${output}\n${advice}`);
}

/**
 * Installs PostgreSQL with apt where it is missing and that needs no question. Tests that need it are left out where it is not
 * installed: they show of a second database what the others show of the first.
 */
export async function offerPostgres(
  print: (line: string) => void,
  {
    isThere,
    machine = thisMachine(),
  }: { readonly isThere: () => boolean; readonly machine?: Machine },
): Promise<void> {
  if (isThere()) return;
  if (canInstall(machine)) {
    print('Installing postgresql with apt-get for the tests of the broadcast service');
    const output = await runQuietly(POSTGRES_COMMANDS.debian, machine.env);
    if (isThere()) return;
    print(output);
  }
  print('PostgreSQL is not installed: tests of the broadcast service run on SQLite alone');
}

const KEPT_OUTPUT = 2_000;

/** Runs a shell command and returns the end of its output, which nobody needs when it succeeded. */
function runQuietly(command: string, env: Environment): Promise<string> {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn('sh', ['-c', command], {
      env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('close', () => {
      resolve(output.trim());
    });
  });
}
