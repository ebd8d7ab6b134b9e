import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPages, stagePages } from '@shoal/demo/app/pages';
import { pageConfig } from '@shoal/demo/app/urls';
import { type ChannelId, parseChannelId, unwrap } from '@shoal/protocol';
import {
  type DeliveryRecord,
  findFfmpeg,
  type Origin,
  type OriginOptions,
  type Rung,
  startOrigin,
} from '@shoal/server';
import { startTracker } from '@shoal/tracker';
import { until } from '../../support/until.ts';
import { openGate } from './tcp-gate.ts';

/** Origin, tracker and pages on free ports, and ffmpeg publishers over real RTMP. */
export type Broadcast = {
  readonly origin: Origin;
  /** Cuts every connection to the tracker, as its death would, and lets none in any more. */
  readonly killTracker: () => Promise<void>;
  /** Undoes that. */
  readonly reviveTracker: () => Promise<void>;
  /** Finished responses below `/live/`, oldest first. */
  readonly deliveries: readonly DeliveryRecord[];
  readonly watchUrl: (channel: string, query?: string) => string;
  /** Publishes to a channel until `close`; resolves once its playlist lists `segments` segments. */
  readonly publish: (channel: string, segments?: number) => Promise<Publisher>;
  readonly close: () => Promise<void>;
};

/** An ffmpeg that pushes RTMP. */
export type Publisher = { readonly stop: () => Promise<void> };

/** A picture that is cheap to decode, padded to the byte rate of a real one. */
const VIDEO_KBPS = 1_100;
const ENCODE = [
  ...['-re', '-f', 'lavfi', '-i', 'testsrc2=size=192x108:rate=10'],
  ...['-f', 'lavfi', '-i', 'sine=frequency=330:sample_rate=44100'],
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
  ...['-g', '20', '-keyint_min', '20', '-sc_threshold', '0'],
  ...['-b:v', `${VIDEO_KBPS}k`, '-minrate', `${VIDEO_KBPS}k`, '-maxrate', `${VIDEO_KBPS}k`],
  ...['-bufsize', `${VIDEO_KBPS}k`, '-x264-params', 'nal-hrd=cbr:force-cfr=1'],
  ...['-c:a', 'aac', '-b:a', '96k', '-f', 'flv'],
];

/** `ladder`: what is transcoded beside the source, whose picture has 108 lines; nothing by default. */
export async function startBroadcast(
  channels: readonly string[],
  ladder: readonly Rung[] = [],
  choices: Pick<OriginOptions, 'audioRendition'> = {},
): Promise<Broadcast> {
  const dataDir = await mkdtemp(join(tmpdir(), 'shoal-e2e-'));
  const ids = channels.map((channel) => unwrap(parseChannelId(channel)));
  const [first] = ids;
  if (first === undefined) throw new Error('a broadcast needs a channel');
  const pages = await stagePages(await buildPages(() => {}), dataDir);
  const ffmpeg = await findFfmpeg();
  const deliveries: DeliveryRecord[] = [];
  const origin = await startOrigin({
    http: { host: '127.0.0.1', port: 0 },
    rtmp: { host: '127.0.0.1', port: 0 },
    dataDir,
    channels: ids.map((channel) => ({ channel })),
    staticDir: pages.dir,
    ladder,
    ...choices,
    ffmpegPath: ffmpeg.path,
    logLevel: 'silent',
    onDelivered: (record) => deliveries.push(record),
  });
  const tracker = await startTracker({
    host: '127.0.0.1',
    port: 0,
    bus: origin.bus,
    connectionsPerAddress: 200,
  });
  const gate = await openGate(tracker.port);
  await pages.configure(
    pageConfig({
      publicHost: undefined,
      channel: first,
      httpPort: origin.httpPort,
      rtmpPort: origin.rtmpPort,
      trackerPort: gate.port,
    }),
  );
  const site = `http://localhost:${origin.httpPort}`;
  const publishers = new Set<Publisher>();
  return {
    origin,
    killTracker: () => gate.cut(),
    reviveTracker: () => gate.open(),
    deliveries,
    watchUrl: (channel, query = '') => `${site}/?channel=${channel}${query}`,
    publish: async (name, segments = 3) => {
      const channel = unwrap(parseChannelId(name));
      const publisher = spawnPublisher(ffmpeg.path, rtmpUrl(origin, channel));
      publishers.add(publisher);
      await until(
        async () => {
          const response = await fetch(`${site}/live/${name}/source/index.m3u8`);
          const listed = (await response.text()).match(/^#EXTINF:/gm)?.length ?? 0;
          return response.ok && listed >= segments;
        },
        { what: `${name} to be live`, timeoutMs: 60_000 },
      );
      return publisher;
    },
    close: async () => {
      for (const publisher of publishers) await publisher.stop();
      await gate.cut();
      await tracker.close();
      await origin.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function rtmpUrl(origin: Origin, channel: ChannelId): string {
  return `rtmp://127.0.0.1:${origin.rtmpPort}/live/${origin.streamKey(channel)}`;
}

/** Publishes, and comes back a second after it was cut off, as streaming software does, until stopped. */
function spawnPublisher(ffmpegPath: string, url: string): Publisher {
  let stopped = false;
  let child: ChildProcess | undefined;
  let again: NodeJS.Timeout | undefined;
  const start = (): void => {
    child = spawn(ffmpegPath, ['-hide_banner', '-loglevel', 'error', ...ENCODE, url], {
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    child.once('exit', () => {
      if (!stopped) again = setTimeout(start, 1_000);
    });
  };
  start();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(again);
      await end(child);
    },
  };
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child?.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
