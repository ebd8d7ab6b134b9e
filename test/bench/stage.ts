import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseChannelId, segmentFile, unwrap } from '@shoal/protocol';
import { type DeliveryRecord, findFfmpeg, startOrigin } from '@shoal/server';
import { startTracker } from '@shoal/tracker';
import { build, defaultClientConditions } from 'vite';
import { leanSimplePeer } from '../../client-sdk/lean-simple-peer.js';
import { until } from '../support/until.ts';
import { openAddressGates } from './address-gates.ts';
import type { EngineId } from './engine-ids.ts';
import { openNarrowWay } from './narrow-way.ts';
import { ENCODE, foreignVideoArgs } from './stream.ts';
import type { Delivery, MadeSegment, Way } from './way.ts';

/** What all engines play on: one origin, one tracker, one stream. */
export type Stage = {
  /** What the origin sent and made since the last `forget`. */
  readonly deliveries: readonly Delivery[];
  readonly segments: readonly MadeSegment[];
  /** SHA-256 of what the origin serves, by path; empty unless asked for. */
  readonly hashes: ReadonlyMap<string, string>;
  readonly forget: () => void;
  /** To the origin itself, or past a limit of so many kbit/s for all connections together. */
  readonly openWay: (kbps: number | undefined) => Promise<Way>;
  readonly pageUrl: (
    engine: EngineId,
    way: { readonly httpPort: number; readonly catchUp: boolean },
  ) => string;
  readonly playlistUrl: (httpPort: number) => string;
  /** Seen from the tracker, the `index`-th viewer then has an address of its own. */
  readonly trackerUrl: (index: number) => Promise<string>;
  /** A file with another video of the same rate; undefined unless asked for. */
  readonly foreignVideo: string | undefined;
  /** Idempotent. */
  readonly close: () => Promise<void>;
};

/** What a stage is needed for. */
export type StageNeeds = { readonly pages: boolean; readonly liars: boolean };

const CHANNEL = unwrap(parseChannelId('bench'));
/** Enough for a player that begins 14 segments behind the edge. */
const FIRST_SEGMENTS = 16;
const FOREIGN_SECONDS = 4;

/** Starts origin, tracker and publisher; resolves once a full playlist is listed. */
export async function openStage(needs: StageNeeds): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-bench-'));
  const staticDir = join(dir, 'pages');
  if (needs.pages) await buildPage(staticDir);
  const ffmpeg = await findFfmpeg();
  const foreignVideo = needs.liars ? join(dir, 'foreign.mp4') : undefined;
  if (foreignVideo !== undefined)
    await promisify(execFile)(ffmpeg.path, [...foreignVideoArgs(FOREIGN_SECONDS, foreignVideo)]);
  const deliveries: DeliveryRecord[] = [];
  const segments: MadeSegment[] = [];
  const hashes = new Map<string, string>();
  const origin = await startOrigin({
    http: { host: '127.0.0.1', port: 0 },
    rtmp: { host: '127.0.0.1', port: 0 },
    dataDir: dir,
    channels: [{ channel: CHANNEL }],
    ...(needs.pages && { staticDir }),
    ffmpegPath: ffmpeg.path,
    logLevel: 'silent',
    onDelivered: (record) => deliveries.push(record),
  });
  const { httpPort } = origin;
  const hash = async (path: string): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${httpPort}${path}`);
    const body = new Uint8Array(await response.arrayBuffer());
    hashes.set(path, createHash('sha256').update(body).digest('hex'));
  };
  const undo = origin.bus.subscribe((event) => {
    if (event.type !== 'segment.ready') return;
    const { id, size, durationMs } = event.segment;
    const path = `/live/${CHANNEL}/${id.rendition}/${segmentFile(id)}`;
    segments.push({ path, bytes: size, durationMs, at: Date.now() });
    // A segment without a hash is one that nothing is compared with.
    if (needs.liars) void hash(path).catch(() => undefined);
  });
  const tracker = await startTracker({ host: '127.0.0.1', port: 0, bus: origin.bus });
  const trackerUrl = `ws://127.0.0.1:${tracker.port}/`;
  const gates = openAddressGates(tracker.port);
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
      gates.close();
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
    hashes,
    trackerUrl: async (index) => `ws://127.0.0.1:${await gates.port(index)}/`,
    foreignVideo,
    close,
    forget: () => {
      deliveries.length = 0;
      segments.length = 0;
    },
    openWay: (kbps) =>
      kbps === undefined
        ? Promise.resolve({ httpPort, deliveries: undefined, close: () => Promise.resolve() })
        : openNarrowWay(httpPort, kbps),
    pageUrl: (engine, way) => {
      const query = new URLSearchParams({
        engine,
        tracker: trackerUrl,
        source: `/live/${CHANNEL}/index.m3u8`,
        ...(way.catchUp && { catchUp: 'yes' }),
      });
      return `http://localhost:${way.httpPort}/?${query.toString()}`;
    },
    playlistUrl: (port) => `http://127.0.0.1:${port}/live/${CHANNEL}/source/index.m3u8`,
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
