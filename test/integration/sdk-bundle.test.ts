import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import type * as Sdk from '@shoal/client-sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';

type Output = {
  readonly outputFiles?: readonly { readonly path: string; readonly contents: Uint8Array }[];
  readonly metafile?: {
    readonly outputs: Readonly<
      Record<
        string,
        { readonly imports: readonly { readonly path: string; readonly kind: string }[] }
      >
    >;
  };
};
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
  const { outputFiles = [], metafile } = await esbuild.build({
    ...COMMON,
    entryPoints: [sdk],
    minify: true,
    metafile: true,
    splitting: true,
    write: false,
    absWorkingDir: folder,
    outdir: 'site',
    external: ['hls.js', 'p2p-media-loader-hlsjs'],
  });
  const weights = new Map(
    outputFiles.map(({ path, contents }) => [
      relative(folder, path),
      gzipSync(contents, { level: 9 }).length,
    ]),
  );
  // What a page loads: the entry and what that imports. The rest comes when a site asks for it.
  const loaded = new Set(['site/index.js']);
  for (const path of loaded)
    for (const { path: imported, kind } of metafile?.outputs[path]?.imports ?? [])
      if (kind === 'import-statement' && weights.has(imported)) loaded.add(imported);
  let bytes = 0;
  for (const path of loaded) bytes += weights.get(path) ?? 0;
  const late = [...weights].filter(([path]) => !loaded.has(path)).map(([, weight]) => weight);
  console.log(
    `SDK, minified and compressed: ${bytes} bytes of ${BUDGET_BYTES}, and later on demand ${late.join(', ')}`,
  );
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThanOrEqual(BUDGET_BYTES);
});

it('the published SDK may be imported where there is no browser, as when a server renders pages', async () => {
  const { createShoal } = (await import(pathToFileURL(sdk).href)) as typeof Sdk; // its sources' twin
  const shoal = await createShoal({ tracker: 'wss://tracker.example' });
  expect(shoal.engine).toBe('none');
  shoal.close();
});
