import { readFile } from 'node:fs/promises';
import { fileURLToPath, URL } from 'node:url';

const SIMPLE_PEER = '@thaunknown/simple-peer/lite.js';
const MARK = '?lean';
/** A call of its log that is a statement: whole lines, to the first that ends with a parenthesis. */
const LOG_STATEMENT = /^\s*this\._debug\([\s\S]*?\)\s*$/gm;
/** Its way from an open channel to `connect`, by the browser's statistics: a report of everything for each link, to learn addresses. */
const CONNECT_BY_STATS = /^ {2}getStats \(cb\) \{$[\s\S]*?(?=^ {2}_onInterval \(\) \{$)/m;
/** The same without addresses, of which nothing is made here. Still not within the event that opened the channel. */
const CONNECT = `  _maybeReady () {
    if (this._connected || this._connecting || !this._pcReady || !this._channelReady) return
    this._connecting = true
    queueMicrotask(() => {
      if (this.destroyed || this._destroying) return
      this._connecting = false
      this._connected = true
      this.emit('connect')
    })
  }

`;
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
    const quiet = source.replace(LOG_STATEMENT, '');
    if (!CONNECT_BY_STATS.test(quiet))
      throw new Error(`${SIMPLE_PEER} is not the version known here`);
    return quiet.replace(CONNECT_BY_STATS, CONNECT);
  },
});
