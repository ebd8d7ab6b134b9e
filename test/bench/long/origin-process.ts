import { parseChannelId, unwrap } from '@shoal/protocol';
import { startOrigin } from '@shoal/server';

/** A process of the bench with an origin; its argument is its data folder. It answers each message with what it holds. */

/** What it says first. */
export type OriginIsUp = { readonly httpPort: number; readonly rtmpUrl: string };
/** What it answers. Bytes, after garbage collection. */
export type OriginHolds = {
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly ingest: number | undefined;
};

const [, , dataDir = ''] = process.argv;
const CHANNEL = unwrap(parseChannelId('long'));

process.on('disconnect', () => process.exit(0));

const local = { host: '127.0.0.1', port: 0 };
const origin = await startOrigin({
  ...{ http: local, rtmp: local, dataDir, logLevel: 'silent', channels: [{ channel: CHANNEL }] },
  ladder: [],
});

process.on('message', () => {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const { ingest } = origin.processes();
  process.send?.({ heapBytes: heapUsed + external, rssBytes: rss, ingest } satisfies OriginHolds);
});

process.send?.({
  httpPort: origin.httpPort,
  rtmpUrl: `rtmp://127.0.0.1:${origin.rtmpPort}/live/${origin.streamKey(CHANNEL)}`,
} satisfies OriginIsUp);
