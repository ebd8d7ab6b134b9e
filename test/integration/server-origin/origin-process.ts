import { type OriginOptions, startOrigin } from '@shoal/server';
import { DEMO } from './test-origin.ts';

/** A process with an origin that tests can kill; its arguments are its options, but for addresses and channels, and its ports, as JSON. */
const [, , options = '{}', ports = '{}'] = process.argv;
const { http, rtmp } = JSON.parse(ports) as { readonly http?: number; readonly rtmp?: number };
const host = '127.0.0.1';

process.on('disconnect', () => process.exit(0));

const origin = await startOrigin({
  ...(JSON.parse(options) as Pick<OriginOptions, 'dataDir'>),
  ...{ http: { host, port: http ?? 0 }, rtmp: { host, port: rtmp ?? 0 } },
  ...{ channels: [{ channel: DEMO }], segmentSeconds: 1 },
  logLevel: 'silent',
});
process.send?.({
  http: `http://127.0.0.1:${origin.httpPort}`,
  rtmp: `rtmp://127.0.0.1:${origin.rtmpPort}/live/${origin.streamKey(DEMO)}`,
});
