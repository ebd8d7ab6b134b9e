import { defineConfig } from 'tsdown';
import { leanSimplePeer } from './lean-simple-peer.js';

const browser = defineConfig({
  entry: { index: 'src/index.ts', 'core/index': 'src/core/index.ts' },
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  outDir: 'dist',
  outExtensions: () => ({ js: '.js', dts: '.d.ts' }),
  dts: true,
  // tsc writes to dist/tsc.
  clean: ['dist/*.js', 'dist/*.d.ts', 'dist/*.map', 'dist/core'],
  // What comes in with simple-peer has a dependency that installs native code on Node; and so that a
  // page can load the SDK without a bundler.
  deps: { alwaysBundle: [/./], neverBundle: ['hls.js', 'p2p-media-loader-hlsjs'] },
  plugins: [leanSimplePeer()],
  inputOptions: {
    resolve: { conditionNames: ['@shoal/source', 'browser', 'import', 'default'] },
  },
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

export default [browser, node];
