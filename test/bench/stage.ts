import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseChannelId, segmentFile, unwrap } from '@shoal/protocol';
import { type DeliveryRecord, findFfmpeg, startOrigin } from '@shoal/server';
import { startTracker } from '@shoal/tracker';
import { build, defaultClientConditions } from 'vite';
import { leanSimplePeer } from '../../client-sdk/lean-simple-peer.js';
import { until } from '../support/until.ts';
import type { EngineId } from './engine-ids.ts';

/** A segment that the origin made. */
export type MadeSegment = { readonly path: string; readonly bytes: number; readonly at: number };

/** What all engines play on: one origin, one tracker, one stream. */
export type Stage = {
  /** What the origin sent and made since the last `forget`. */
  readonly deliveries: readonly DeliveryRecord[];
  readonly segments: readonly MadeSegment[];
  readonly forget: () => void;
  readonly pageUrl: (engine: EngineId) => string;
  /** Idempotent. */
  readonly close: () => Promise<void>;
};

const CHANNEL = unwrap(parseChannelId('bench'));
/** Cheap to decode, and padded to the byte rate of a real stream: many viewers share this machine. */
const VIDEO_KBPS = 1_100;
const AUDIO_KBPS = 96;
const ENCODE = [
  ...['-re', '-f', 'lavfi', '-i', 'testsrc2=size=192x108:rate=30'],
  ...['-f', 'lavfi', '-i', 'sine=frequency=330:sample_rate=44100'],
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
  ...['-g', '60', '-keyint_min', '60', '-sc_threshold', '0', '-x264-params'],
  ...['nal-hrd=cbr:force-cfr=1', '-b:v', `${VIDEO_KBPS}k`, '-minrate', `${VIDEO_KBPS}k`],
  ...['-maxrate', `${VIDEO_KBPS}k`, '-bufsize', `${VIDEO_KBPS}k`],
  ...['-c:a', 'aac', '-b:a', `${AUDIO_KBPS}k`, '-f', 'flv'],
];
/** What the stream comes to, containers included, in words. */
export const STREAM_NAME = `${VIDEO_KBPS + AUDIO_KBPS} kbit/s, 2 s segments`;
/** Enough for a player that begins 14 segments behind the edge. */
const FIRST_SEGMENTS = 16;

/** Starts origin, tracker and publisher; resolves once a full playlist is listed. */
export async function openStage(): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-bench-'));
  const staticDir = join(dir, 'pages');
  await buildPage(staticDir);
  const ffmpeg = await findFfmpeg();
  const deliveries: DeliveryRecord[] = [];
  const segments: MadeSegment[] = [];
  const origin = await startOrigin({
    http: { host: '127.0.0.1', port: 0 },
    rtmp: { host: '127.0.0.1', port: 0 },
    dataDir: dir,
    channels: [{ channel: CHANNEL }],
    staticDir,
    ffmpegPath: ffmpeg.path,
    logLevel: 'silent',
    onDelivered: (record) => deliveries.push(record),
  });
  const undo = origin.bus.subscribe((event) => {
    if (event.type !== 'segment.ready') return;
    const { id, size } = event.segment;
    const path = `/live/${CHANNEL}/${id.rendition}/${segmentFile(id)}`;
    segments.push({ path, bytes: size, at: Date.now() });
  });
  const tracker = await startTracker({ host: '127.0.0.1', port: 0, bus: origin.bus });
  const publisher = spawn(
    ffmpeg.path,
    [
      ...['-hide_banner', '-loglevel', 'error', ...ENCODE],
      `rtmp://127.0.0.1:${origin.rtmpPort}/live/${origin.streamKey(CHANNEL)}`,
    ],
    { stdio: 'ignore' },
  );
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      undo();
      publisher.kill('SIGKILL');
      await tracker.close();
      await origin.close();
      await rm(dir, { recursive: true, force: true });
    })());
  try {
    await until(() => segments.length >= FIRST_SEGMENTS, {
      what: `${FIRST_SEGMENTS} segments`,
      timeoutMs: 90_000,
    });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    deliveries,
    segments,
    forget: () => {
      deliveries.length = 0;
      segments.length = 0;
    },
    pageUrl: (engine) => {
      const query = new URLSearchParams({
        engine,
        tracker: `ws://127.0.0.1:${tracker.port}/`,
        source: `/live/${CHANNEL}/index.m3u8`,
      });
      return `http://localhost:${origin.httpPort}/?${query.toString()}`;
    },
    close,
  };
}

/** Bundles the bench page as a site would bundle its own. */
async function buildPage(outDir: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('page', import.meta.url)),
    resolve: { conditions: ['@shoal/source', ...defaultClientConditions] },
    plugins: [leanSimplePeer()],
    build: { outDir, emptyOutDir: true, target: 'es2022' },
  });
}
