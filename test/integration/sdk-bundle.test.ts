import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import type * as Sdk from '@shoal/client-sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';

type Output = { readonly outputFiles?: readonly { readonly contents: Uint8Array }[] };
type Esbuild = {
  readonly build: (options: Readonly<Record<string, unknown>>) => Promise<Output>;
};

/** The one that runs the sources. */
const esbuild = createRequire(createRequire(import.meta.url).resolve('tsx/package.json'))(
  'esbuild',
) as Esbuild; // it ships its types to its dependants only

const CLIENT_SDK = fileURLToPath(new URL('../../client-sdk/', import.meta.url));
const COMMON = { bundle: true, format: 'esm', logLevel: 'silent' };
/** What the SDK may weigh in a page, minified and compressed, hls.js apart. */
const BUDGET_BYTES = 36_000;

let folder = '';
/** The SDK as it is published. */
let sdk = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-bundle-'));
  sdk = join(folder, 'sdk/index.js');
  await publish(join(folder, 'sdk'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Builds the browser entries as `npm run build` does, types apart. */
async function publish(outDir: string): Promise<void> {
  const packager = createRequire(join(CLIENT_SDK, 'package.json')).resolve('tsdown');
  // Both are JavaScript, and tsdown is the SDK's to depend on.
  const tsdown = (await import(pathToFileURL(packager).href)) as {
    readonly build: (options: object) => Promise<unknown>;
  };
  const config = (await import(pathToFileURL(join(CLIENT_SDK, 'tsdown.config.js')).href)) as {
    readonly default: readonly object[];
  };
  await tsdown.build({
    ...config.default[0],
    ...{ config: false, cwd: CLIENT_SDK, outDir, dts: false, clean: false, logLevel: 'silent' },
  });
}

it('the SDK can be bundled by a site that has not installed p2p-media-loader-hlsjs', async () => {
  // In the folder nothing is found that this workspace has installed.
  const site = { ...COMMON, entryPoints: [sdk], outfile: join(folder, 'site.js') };
  await expect(esbuild.build({ ...site, external: ['hls.js'] })).resolves.toMatchObject({
    errors: [],
  });
});

it(`the SDK weighs at most ${BUDGET_BYTES} bytes, minified and compressed, without hls.js`, async () => {
  const { outputFiles = [] } = await esbuild.build({
    ...COMMON,
    entryPoints: [sdk],
    minify: true,
    write: false,
    external: ['hls.js', 'p2p-media-loader-hlsjs'],
  });
  const bytes = outputFiles.reduce(
    (sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length,
    0,
  );
  console.log(`SDK, minified and compressed: ${bytes} bytes of ${BUDGET_BYTES}`);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThanOrEqual(BUDGET_BYTES);
});

it('the published SDK may be imported where there is no browser, as when a server renders pages', async () => {
  const { createShoal } = (await import(pathToFileURL(sdk).href)) as typeof Sdk; // its sources' twin
  const shoal = await createShoal({ tracker: 'wss://tracker.example' });
  expect(shoal.engine).toBe('none');
  shoal.close();
});
