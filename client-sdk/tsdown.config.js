import { defineConfig } from 'tsdown';
import { leanSimplePeer } from './lean-simple-peer.js';

const browser = defineConfig({
  entry: { index: 'src/index.ts' },
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  outDir: 'dist',
  outExtensions: () => ({ js: '.js', dts: '.d.ts' }),
  dts: true,
  // tsc writes to dist/tsc.
  clean: ['dist/*.js', 'dist/*.d.ts', 'dist/*.map'],
  // What comes in with simple-peer has a dependency that installs native code on Node; and so that a
  // page can load the SDK without a bundler.
  deps: { alwaysBundle: [/./], neverBundle: ['hls.js', 'p2p-media-loader-hlsjs'] },
  plugins: [leanSimplePeer()],
  // What is loaded at once and later is in one file: each one more is a request, and compresses worse.
  outputOptions: { codeSplitting: { groups: [{ name: 'shared', minShareCount: 2 }] } },
  inputOptions: {
    resolve: { conditionNames: ['@shoal/source', 'browser', 'import', 'default'] },
  },
});

/** The pure core alone; a build of its own, so that a page loads nothing that only the core's users need. */
const core = defineConfig({
  ...browser,
  entry: { index: 'src/core/index.ts' },
  outDir: 'dist/core',
  clean: ['dist/core/*'],
});

/** For load tests and seed boxes: what it needs of Node's own packages is the operator's to install. */
const node = defineConfig({
  entry: { index: 'src/node/index.ts', 'cli/main': 'src/node/cli/main.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node20',
  outDir: 'dist/node',
  outExtensions: () => ({ js: '.js', dts: '.d.ts' }),
  dts: true,
  clean: ['dist/node/*', 'dist/node/cli'],
  deps: { alwaysBundle: [/^@shoal\//], neverBundle: ['node-datachannel', 'ws', 'hls.js'] },
  inputOptions: {
    resolve: { conditionNames: ['@shoal/source', 'node', 'import', 'default'] },
  },
});

export default [browser, core, node];
