import { join } from 'node:path';
import { defaultClientConditions, defineConfig } from 'vite';
import { leanSimplePeer } from '../client-sdk/lean-simple-peer.js';

const root = import.meta.dirname;

export default defineConfig({
  root,
  publicDir: false,
  // The pages are bundled from the sources of the workspaces: nothing else has to be built first.
  resolve: { conditions: ['@shoal/source', ...defaultClientConditions] },
  plugins: [leanSimplePeer()],
  build: {
    emptyOutDir: true,
    target: 'es2022',
    // hls.js alone is larger than the default bound of the size warning.
    chunkSizeWarningLimit: 2_000,
    rolldownOptions: {
      input: ['viewer', 'studio', 'overlay'].map((page) => join(root, page, 'index.html')),
    },
  },
});
