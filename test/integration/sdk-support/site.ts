import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build, defaultClientConditions, type Plugin } from 'vite';
import { leanSimplePeer } from '../../../client-sdk/lean-simple-peer.js';
import { type HttpOrigin, startOrigin } from '../../unit/client-sdk/adapters/http-origin.ts';

/** Bundles the page script of this folder, as an embedder's bundler would; by path, what to serve. */
export function bundlePage(script: string): Promise<ReadonlyMap<string, string>> {
  return bundle(fileURLToPath(new URL(script, import.meta.url)));
}

/** Bundles a page script that is given as its text. */
export function bundleText(code: string): Promise<ReadonlyMap<string, string>> {
  const name = 'virtual:page';
  return bundle(name, {
    name: 'page-from-text',
    resolveId: (id) => (id === name ? name : undefined),
    load: (id) => (id === name ? code : undefined),
  });
}

async function bundle(entry: string, ...plugins: Plugin[]): Promise<ReadonlyMap<string, string>> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    plugins: [leanSimplePeer(), ...plugins],
    resolve: { conditions: ['@shoal/source', ...defaultClientConditions] },
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      target: 'es2022',
      rolldownOptions: {
        input: entry,
        output: { entryFileNames: 'page.js', chunkFileNames: '[name].js' },
      },
    },
  });
  const files = new Map<string, string>();
  for (const made of Array.isArray(result) ? result : [result]) {
    if (!('output' in made)) throw new Error('no bundle');
    for (const file of made.output)
      if (file.type === 'chunk') files.set(`/${file.fileName}`, file.code);
  }
  return files;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Serves `/` with the page script in it, the bundle, and what `more` answers. */
export async function startSite(
  files: ReadonlyMap<string, string>,
  more: Answer = () => false,
): Promise<HttpOrigin> {
  return startOrigin((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://site');
    if (pathname === '/') {
      const scripts = searchParams.getAll('script').map((src) => `<script src="${src}"></script>`);
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end(
          `<!doctype html><title>test</title><video muted playsinline></video>${scripts.join('')}<script type="module" src="/page.js"></script>`,
        );
      return;
    }
    if (more(request, response)) return;
    const code = files.get(pathname);
    if (code === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'text/javascript' }).end(code);
  });
}
