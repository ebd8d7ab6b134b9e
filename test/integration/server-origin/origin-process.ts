import { type OriginOptions, startOrigin } from '@shoal/server';
import { DEMO } from './test-origin.ts';

/** A process with an origin that tests can kill; its argument is its options as JSON, but for addresses and channels. */
const [, , options = '{}'] = process.argv;
const local = { host: '127.0.0.1', port: 0 };

process.on('disconnect', () => process.exit(0));

const origin = await startOrigin({
  ...(JSON.parse(options) as Pick<OriginOptions, 'dataDir'>),
  ...{ http: local, rtmp: local, channels: [{ channel: DEMO }], segmentSeconds: 1 },
  logLevel: 'silent',
});
process.send?.({
  http: `http://127.0.0.1:${origin.httpPort}`,
  rtmp: `rtmp://127.0.0.1:${origin.rtmpPort}/live/${origin.streamKey(DEMO)}`,
});
