import { parseChannelId, unwrap } from '@shoal/protocol';
import { startOrigin } from '@shoal/server';
import { Publisher } from '../../integration/server-origin/publisher.ts';
import { until } from '../../support/until.ts';

/** A process of the bench with an origin that a publisher sends to in real time; its arguments are its data folder, and the Redis that it mirrors in. */

const [, , dataDir = '', redis] = process.argv;
const CHANNEL = unwrap(parseChannelId('bench'));
const VIDEO = [
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '60'],
  ...['-sc_threshold', '0', '-b:v', '500k'],
];

process.on('disconnect', () => process.exit(0));

const local = { host: '127.0.0.1', port: 0 };
const origin = await startOrigin({
  ...{ http: local, rtmp: local, dataDir, logLevel: 'silent', channels: [{ channel: CHANNEL }] },
  ...{ ladder: [], lowLatency: true },
  ...(redis !== undefined && { redis }),
});
const url = `rtmp://127.0.0.1:${origin.rtmpPort}/live/${origin.streamKey(CHANNEL)}`;
await Publisher.start(url, { videoArgs: VIDEO, seconds: 600 });
const playlist = `http://127.0.0.1:${origin.httpPort}/live/bench/source/ll.m3u8`;
await until(
  async () => {
    const response = await fetch(playlist);
    return response.ok && (await response.text()).split('#EXTINF').length > 8;
  },
  { what: 'seven segments', timeoutMs: 60_000 },
);
process.send?.(playlist);
