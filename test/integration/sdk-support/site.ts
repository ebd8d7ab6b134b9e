import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build, defaultClientConditions } from 'vite';
import { type HttpOrigin, startOrigin } from '../../unit/client-sdk/adapters/http-origin.ts';

/** Bundles the page script of this folder, as an embedder's bundler would; by path, what to serve. */
export async function bundlePage(script: string): Promise<ReadonlyMap<string, string>> {
  const entry = fileURLToPath(new URL(script, import.meta.url));
  const result = await build({
    configFile: false,
    logLevel: 'error',
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
  for (const bundle of Array.isArray(result) ? result : [result]) {
    if (!('output' in bundle)) throw new Error('no bundle');
    for (const file of bundle.output)
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
