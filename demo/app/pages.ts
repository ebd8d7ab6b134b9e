import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DemoError, messageOf } from './errors.ts';

const DEMO_DIR = fileURLToPath(new URL('..', import.meta.url));
const WORKSPACE_DIR = fileURLToPath(new URL('../..', import.meta.url));
const BUILDS_DIR = join(DEMO_DIR, 'dist', 'pages');
/** Whatever changes a page when it changes. */
const SOURCES = [
  'demo/viewer',
  'demo/studio',
  'demo/overlay',
  'demo/shared-ui',
  'demo/vite.config.js',
  'client-sdk/lean-simple-peer.js',
  'client-sdk/src',
  'protocol/src',
  'package-lock.json',
];

/**
 * Builds the viewer, studio and overlay pages unless a build of these very sources is there already, and
 * returns its folder. Two processes may build at once. Throws {@link DemoError} `pages-failed`.
 */
export async function buildPages(onProgress: (line: string) => void): Promise<string> {
  const built = join(BUILDS_DIR, await fingerprint());
  if (existsSync(built)) return built;
  onProgress('Building the pages (once, some seconds)');
  const draft = join(BUILDS_DIR, `draft-${process.pid}-${Date.now()}`);
  try {
    await bundle(draft);
    // The watch page is the site's front page.
    await rename(join(draft, 'viewer', 'index.html'), join(draft, 'index.html'));
    await rm(join(draft, 'viewer'), { recursive: true });
    await publish(draft, built);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw new DemoError('pages-failed', `The pages could not be built: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return built;
}

/** Runs vite in a process of its own, whose memory is then free again: it takes several times that of the demo. */
async function bundle(outDir: string): Promise<void> {
  const vite = join(
    dirname(createRequire(import.meta.url).resolve('vite/package.json')),
    'bin/vite.js',
  );
  await promisify(execFile)(
    process.execPath,
    [vite, 'build', '--outDir', outDir, '--logLevel', 'error'],
    // Whoever starts the demo may have set another mode for their own purposes.
    { cwd: DEMO_DIR, env: { ...process.env, NODE_ENV: 'production', NO_COLOR: '1' } },
  );
}

/** Puts a finished build in its place; a process that was faster has put the same there. */
async function publish(draft: string, built: string): Promise<void> {
  try {
    await rename(draft, built);
  } catch (error) {
    if (!existsSync(built)) throw error;
    await rm(draft, { recursive: true, force: true });
  }
  for (const name of await readdir(BUILDS_DIR))
    if (/^[0-9a-f]{16}$/.test(name) && join(BUILDS_DIR, name) !== built)
      await rm(join(BUILDS_DIR, name), { recursive: true, force: true });
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES)
    for (const file of await filesBelow(join(WORKSPACE_DIR, source))) {
      hash.update(relative(WORKSPACE_DIR, file)).update('\0');
      hash.update(await readFile(file)).update('\0');
    }
  return hash.digest('hex').slice(0, 16);
}

async function filesBelow(path: string): Promise<readonly string[]> {
  if (!existsSync(path)) return [];
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [path];
  const found: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1)))
    found.push(...(await filesBelow(join(path, entry.name))));
  return found;
}

/** A folder of pages that one origin serves. */
export type StagedPages = {
  readonly dir: string;
  /** Writes `/config.json`, once the ports are known, and removes what older builds left. */
  readonly configure: (config: Readonly<Record<string, unknown>>) => Promise<void>;
};

/** Copies a build to `dataDir/pages`: each data folder has pages and a configuration of its own. */
export async function stagePages(built: string, dataDir: string): Promise<StagedPages> {
  const dir = join(dataDir, 'pages');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  // Nothing is deleted before the ports are ours: another demo may be serving this folder.
  await cp(built, dir, { recursive: true });
  return {
    dir,
    configure: async (config) => {
      const draft = join(dir, '.config.json');
      await writeFile(draft, `${JSON.stringify(config)}\n`);
      await rename(draft, join(dir, 'config.json'));
      const current = new Set(await readdir(join(built, 'assets')));
      for (const name of await readdir(join(dir, 'assets')))
        if (!current.has(name)) await rm(join(dir, 'assets', name), { force: true });
    },
  };
}
