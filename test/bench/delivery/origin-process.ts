import { rmSync } from 'node:fs';
import { startOrigin } from '@shoal/server';
import { until } from '../../support/until.ts';
import { Publisher } from '../../integration/server-origin/publisher.ts';
import { parseChannelId, unwrap } from '@shoal/protocol';

/** A process of the bench with an origin that holds the segments of a broadcast; its arguments are its data folder, and the Redis that it mirrors in. */

const [, , dataDir = '', redis] = process.argv;
const CHANNEL = unwrap(parseChannelId('bench'));
/** With 3 Mbit/s and 2 s a segment has 750 KB. */
const VIDEO = [
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '60', '-keyint_min', '60'],
  ...['-sc_threshold', '0', '-b:v', '2950k', '-minrate', '2950k', '-maxrate', '2950k'],
  ...['-bufsize', '600k', '-x264-params', 'nal-hrd=cbr:force-cfr=1'],
];
const SECONDS = 16;

process.on('disconnect', () => process.exit(0));

const local = { host: '127.0.0.1', port: 0 };
const origin = await startOrigin({
  ...{ http: local, rtmp: local, dataDir, logLevel: 'silent', channels: [{ channel: CHANNEL }] },
  ...(redis !== undefined && { redis }),
});
const url = `rtmp://127.0.0.1:${origin.rtmpPort}/live/${origin.streamKey(CHANNEL)}`;
const publisher = await Publisher.start(url, {
  ...{ burst: true, audio: false, seconds: SECONDS, videoArgs: VIDEO },
});
await publisher.exit();
const playlist = `http://127.0.0.1:${origin.httpPort}/live/bench/source/index.m3u8`;
let segments: readonly string[] = [];
await until(
  async () => {
    const response = await fetch(playlist);
    segments = (await response.text()).match(/^\S+\.m4s$/gm) ?? [];
    return segments.length >= SECONDS / 2 - 1;
  },
  { what: 'the segments', timeoutMs: 30_000 },
);
rmSync(dataDir, { recursive: true, force: true });
process.send?.(segments.map((uri) => new URL(uri, playlist).href));
