import { readFile } from 'node:fs/promises';
import { fileURLToPath, URL } from 'node:url';

const SIMPLE_PEER = '@thaunknown/simple-peer/lite.js';
const MARK = '?lean';
/** From an open channel to `connect`, without a report of everything about each link. Still not within the event that opened it. */
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
/** What nobody here asks for: each is in the source, and what takes its place. */
const CUTS = [
  // Its log.
  [/^import debug from 'debug'$/m, ''],
  [/^const Debug = .*$/m, ''],
  [/^ {2}_debug \(\) \{$[\s\S]*?^ {2}\}$/m, ''],
  // Calls of its log that are statements: whole lines, to the first that ends with a parenthesis.
  [/^\s*this\._debug\([\s\S]*?\)\s*$/gm, ''],
  // Its way to `connect` by the browser's statistics, to learn addresses; and those.
  [/^ {2}getStats \(cb\) \{$[\s\S]*?(?=^ {2}_onSignalingStateChange \(\) \{$)/m, CONNECT],
  [/^ {4}this\.(?:remote|local)(?:Address|Family|Port) = undefined$/gm, ''],
  [/^ {2}get bufferSize \(\) \{$[\s\S]*?(?=^ {2}signal \(data\) \{$)/m, ''],
  // Being written to as a stream: what is sent is sent at once.
  [/^ {2}_final \(cb\) \{$[\s\S]*?(?=^ {2}__destroy \(err\) \{$)/m, ''],
  [/^ {2}_write \(chunk, cb\) \{$[\s\S]*?(?=^ {2}_startIceCompleteTimeout \(\) \{$)/m, ''],
  [/^ {2}_onChannelBufferedAmountLow \(\) \{$[\s\S]*?(?=^ {2}_onChannelOpen \(\) \{$)/m, ''],
  [/^ {4}this\._channel\.onbufferedamountlow = [\s\S]*?^ {4}\}$/m, ''],
  [/^ {4}this\._onFinishBound = [\s\S]*?^ {4}this\.once\('finish', this\._onFinishBound\)$/m, ''],
  [/^ {6}clearInterval\(this\._interval\)$[\s\S]*?^ {6}this\._onFinishBound = null$/m, ''],
  [/^ {4}this\._(?:chunk|cb|interval) = null$/gm, ''],
  // Media, of which there is none.
  [
    /^ +this\._(?:remoteTracks|remoteStreams|senderMap|sendersAwaitingStable) = (?:null|\[\])$/gm,
    '',
  ],
  [/^ {6}this\._sendersAwaitingStable\.forEach[\s\S]*?^ {6}\}\)$/m, ''],
  // Codes of errors: any of them ends the connection.
  [/^import errCode from 'err-code'$/m, ''],
  [/errCode\(err, '\w+'\)/g, 'err'],
  [/errCode\(new Error\((?:'[^']*'|`[^`]*`)\), ('\w+')\)/g, 'new Error($1)'],
];
const REPLACED = ['streamx', 'uint8-util', 'webrtc-polyfill'];

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
    return CUTS.reduce((text, [cut, instead]) => {
      if (text.search(cut) < 0) throw new Error(`${SIMPLE_PEER} is not the version known here`);
      return text.replace(cut, instead);
    }, source);
  },
});
