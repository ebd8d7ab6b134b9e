import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

type Esbuild = {
  readonly build: (options: Readonly<Record<string, unknown>>) => Promise<unknown>;
};

/** The one that runs the sources. */
const esbuild = createRequire(createRequire(import.meta.url).resolve('tsx/package.json'))(
  'esbuild',
) as Esbuild; // it ships its types to its dependants only

const SDK = fileURLToPath(import.meta.resolve('@shoal/client-sdk'));
const COMMON = { bundle: true, format: 'esm', logLevel: 'silent' };

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-bundle-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

it('the SDK can be bundled by a site that has not installed p2p-media-loader-hlsjs', async () => {
  const sdk = join(folder, 'sdk.js');
  await esbuild.build({
    ...COMMON,
    entryPoints: [SDK],
    outfile: sdk,
    conditions: ['@shoal/source'],
    external: ['hls.js', 'p2p-media-loader-hlsjs'],
  });
  // From here on nothing is found that this workspace has installed.
  const site = { ...COMMON, entryPoints: [sdk], outfile: join(folder, 'site.js') };
  await expect(esbuild.build({ ...site, external: ['hls.js'] })).resolves.toMatchObject({
    errors: [],
  });
});
