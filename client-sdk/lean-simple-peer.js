import { readFile } from 'node:fs/promises';
import { fileURLToPath, URL } from 'node:url';

const SIMPLE_PEER = '@thaunknown/simple-peer/lite.js';
const MARK = '?lean';
/** A call of its log that is a statement: whole lines, to the first that ends with a parenthesis. */
const LOG_STATEMENT = /^\s*this\._debug\([\s\S]*?\)\s*$/gm;
const REPLACED = ['debug', 'err-code', 'streamx', 'uint8-util', 'webrtc-polyfill'];

/** What takes the place of each package that comes in with simple-peer. */
const standIns = new Map(
  REPLACED.map((name) => [
    name,
    fileURLToPath(new URL(`src/adapters/peer/lean/${name}.ts`, import.meta.url)),
  ]),
);
const sources = fileURLToPath(new URL('src/', import.meta.url));

/**
 * A plugin for Rolldown, Vite and Rollup: the SDK's own simple-peer gets small stand-ins for the packages it brings along,
 * half of the SDK's size otherwise. Anybody else's simple-peer in the same bundle, such as that of p2p-media-loader, stays whole.
 */
export const leanSimplePeer = () => ({
  name: 'lean-simple-peer',
  enforce: 'pre',
  async resolveId(id, importer) {
    if (importer?.endsWith(MARK)) return standIns.get(id) ?? null;
    if (id !== SIMPLE_PEER || !importer?.startsWith(sources)) return null;
    const found = await this.resolve(id, importer, { skipSelf: true });
    return found === null ? null : found.id + MARK;
  },
  async load(id) {
    if (!id.endsWith(MARK)) return null;
    const source = await readFile(id.slice(0, -MARK.length), 'utf8');
    // Its log goes nowhere, so what it would say need not be there; a tenth of the file.
    return source.replace(LOG_STATEMENT, '');
  },
});
