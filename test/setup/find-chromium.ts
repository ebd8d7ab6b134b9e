import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const VERSION_TIMEOUT_MS = 15_000;

/** The environment, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A place where a browser may be. */
export type Candidate = {
  readonly path: string;
  readonly source: 'CHROMIUM_PATH' | 'PATH' | 'standard place';
};

/** A browser that is there. */
export type FoundChromium = Candidate & {
  /** As the browser prints it; undefined where it cannot be asked without opening a window. */
  readonly version: string | undefined;
};

/**
 * Best first. The headless shell is the same browser without its windows: with the whole one, also
 * headless, every viewer's window has a toolbar with a renderer of its own, and six viewers take
 * twice to three times as long to join (two cores, Chromium 156).
 */
const NAMES = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
];

/** Where to look, in order: CHROMIUM_PATH alone if it is set, else the PATH, else where installers put it. */
export function chromiumCandidates(
  env: Environment,
  platform: NodeJS.Platform,
): readonly Candidate[] {
  const named = env['CHROMIUM_PATH'];
  if (named !== undefined && named !== '') return [{ path: named, source: 'CHROMIUM_PATH' }];
  const onPath = (platform === 'win32' ? [] : (env['PATH'] ?? '').split(delimiter))
    .filter((folder) => folder !== '')
    .flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [
    ...onPath.map((path) => ({ path, source: 'PATH' }) as const),
    ...standardPlaces(env, platform).map((path) => ({ path, source: 'standard place' }) as const),
  ];
}

function standardPlaces(env: Environment, platform: NodeJS.Platform): readonly string[] {
  if (platform === 'darwin') {
    const apps = ['/Applications', ...(env['HOME'] ? [`${env['HOME']}/Applications`] : [])];
    return apps.flatMap((folder) => [
      `${folder}/Google Chrome.app/Contents/MacOS/Google Chrome`,
      `${folder}/Chromium.app/Contents/MacOS/Chromium`,
    ]);
  }
  if (platform !== 'win32')
    return ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium', '/snap/bin/chromium'];
  return ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((variable) => {
    const folder = env[variable];
    if (folder === undefined || folder === '') return [];
    return [
      `${folder}\\Google\\Chrome\\Application\\chrome.exe`,
      `${folder}\\Chromium\\Application\\chrome.exe`,
    ];
  });
}

/** The first candidate that can be run, or undefined. */
export async function findChromium(
  env: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): Promise<FoundChromium | undefined> {
  for (const candidate of chromiumCandidates(env, platform))
    if (await isExecutable(candidate.path))
      return { ...candidate, version: await versionOf(candidate.path, platform) };
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function versionOf(path: string, platform: NodeJS.Platform): Promise<string | undefined> {
  // On Windows the flag opens a browser window instead.
  if (platform === 'win32') return undefined;
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], {
      timeout: VERSION_TIMEOUT_MS,
    });
    return stdout.trim() === '' ? undefined : stdout.trim();
  } catch {
    return undefined;
  }
}
