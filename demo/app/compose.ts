import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { findFfmpeg, openService, type OpenService, startOrigin, type Origin } from '@shoal/server';
import { publishEvents, startTracker, type Tracker } from '@shoal/tracker';
import type { DemoConfig } from './config.ts';
import { loadOverlayToken } from './overlay-token.ts';
import { buildPages, stagePages } from './pages.ts';
import { startPattern, type Pattern } from './pattern.ts';
import { explainStartError, type Part } from './start-error.ts';
import { type Addresses, type DemoUrls, demoUrls, pageConfig, trackerUrl } from './urls.ts';

/** A running demo. */
export type Demo = {
  readonly urls: DemoUrls;
  readonly httpPort: number;
  readonly trackerPort: number;
  readonly rtmpPort: number;
  /** Of the configured channel. */
  readonly streamKey: string;
  /** Of the operator, for tracker and broadcast service; another one at each start. */
  readonly adminToken: string;
  /** Of the test pattern's ffmpeg, when there is one now. */
  readonly patternPid: () => number | undefined;
  /** Stops everything in reverse order of its start. Idempotent. */
  readonly close: () => Promise<void>;
};

/**
 * Starts the origin with the pages and the broadcast service on one port, the tracker on the origin's bus, and the test pattern if asked
 * for, all in this process. What was started before a failure is stopped again.
 *
 * @param onProgress told in short lines what is being done.
 * @throws DemoError `port-in-use`, `ffmpeg-missing`, `pages-failed` or `start-failed`.
 */
export async function startDemo(
  config: DemoConfig,
  onProgress: (line: string) => void = () => {},
): Promise<Demo> {
  const closers: (() => Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= closeAll(closers));
  try {
    const dataDir = resolve(config.dataDir);
    const explain = (part: Part) => (error: unknown) => {
      throw explainStartError(error, part, config);
    };
    const ffmpeg = await findFfmpeg().catch(explain('origin'));
    const pages = await stagePages(await buildPages(onProgress), dataDir);
    onProgress(`Starting with ffmpeg ${ffmpeg.version} (${ffmpeg.path})`);
    // New at each start and never stored: who reads the terminal is the operator.
    const adminToken = randomBytes(18).toString('base64url');
    const overlayToken = await loadOverlayToken(dataDir);
    const trackers: string[] = [];
    const service = await openTheService(config, { dataDir, adminToken, overlayToken, trackers }) //
      .catch(explain('service'));
    closers.push(() => service.close());
    const origin = await startOrigin({
      http: { host: config.host, port: config.httpPort },
      rtmp: { host: config.host, port: config.rtmpPort },
      ...(config.rtmps !== undefined && { rtmps: { host: config.host, ...config.rtmps } }),
      ...(config.srtPort !== undefined && { srt: { host: config.host, port: config.srtPort } }),
      dataDir,
      channels: [{ channel: config.channel }],
      access: { publish: service.access },
      mounts: [service],
      staticDir: pages.dir,
      ladder: config.ladder,
      passthrough: config.passthrough,
      audioRendition: config.audioRendition,
      lowLatency: config.lowLatency,
      ...(config.record !== undefined && {
        recording: {
          store: { type: 'disk', folder: resolve(config.record) },
          ...{ mp4: config.mp4, storyboard: config.storyboard },
        },
      }),
      ffmpegPath: ffmpeg.path,
      logLevel: config.logLevel,
    }).catch(explain('origin'));
    closers.push(() => origin.close());
    await service.follow(origin).catch(explain('service'));
    if (config.rotateSigningKey) rotate(origin, config);
    const tracker = await startTracker({
      host: config.host,
      port: config.trackerPort,
      adminToken,
      // By Redis it hears its own origin as all others.
      ...(config.redis === undefined
        ? { bus: origin.bus }
        : {
            cluster: {
              redis: config.redis,
              url: trackerUrl(config.publicHost, config.trackerPort),
            },
          }),
    }).catch(explain('tracker'));
    closers.push(() => tracker.close());
    if (config.redis !== undefined) closers.push(await shareEvents(origin, config.redis));
    trackers.push(trackerUrl(config.publicHost, tracker.port));
    const addresses = { ...addressesOf(config, origin, tracker), adminToken, overlayToken };
    await pages.configure({ ...pageConfig(addresses), service: true });
    const pattern = config.pattern
      ? publishPattern({ config, origin, ffmpegPath: ffmpeg.path, onProgress })
      : undefined;
    if (pattern !== undefined) closers.push(() => pattern.close());
    return {
      urls: demoUrls(addresses),
      httpPort: origin.httpPort,
      trackerPort: tracker.port,
      rtmpPort: origin.rtmpPort,
      streamKey: origin.streamKey(config.channel),
      adminToken,
      patternPid: () => pattern?.pid(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The broadcast service, for the origin's server to be mounted on. */
function openTheService(
  { channel, logLevel }: DemoConfig,
  of: {
    readonly dataDir: string;
    readonly adminToken: string;
    readonly overlayToken: string;
    /** Filled when there are any: what players are told is read when they ask. */
    readonly trackers: readonly string[];
  },
): Promise<OpenService> {
  const { dataDir, adminToken, overlayToken, trackers } = of;
  return openService({
    database: { type: 'sqlite', file: join(dataDir, 'service.db') },
    overlayTokens: [{ channel, token: overlayToken }],
    playback: { trackers },
    ...{ adminToken, logLevel },
  });
}

function rotate(origin: Origin, config: DemoConfig): void {
  try {
    origin.rotateSigningKey(config.channel);
  } catch (error) {
    throw explainStartError(error, 'origin', config);
  }
}

/** Lets the other trackers of a Redis hear what happens at this origin; returns its undo. */
async function shareEvents(origin: Origin, redis: string): Promise<() => Promise<void>> {
  const sink = await publishEvents(redis);
  const unsubscribe = origin.bus.subscribe(sink.publish);
  return () => {
    unsubscribe();
    sink.close();
    return Promise.resolve();
  };
}

function addressesOf(
  config: DemoConfig,
  origin: Origin,
  tracker: Tracker,
): Omit<Addresses, 'adminToken' | 'overlayToken'> {
  return {
    publicHost: config.publicHost,
    channel: config.channel,
    httpPort: origin.httpPort,
    rtmpPort: origin.rtmpPort,
    rtmpsPort: origin.rtmpsPort,
    srtPort: config.srtPort,
    trackerPort: tracker.port,
  };
}

async function closeAll(closers: (() => Promise<void>)[]): Promise<void> {
  for (let next = closers.pop(); next !== undefined; next = closers.pop()) await next();
}

function publishPattern(at: {
  readonly config: DemoConfig;
  readonly origin: Origin;
  readonly ffmpegPath: string;
  readonly onProgress: (line: string) => void;
}): Pattern {
  const { config, origin } = at;
  // A wildcard address is not one to connect to.
  const host = ['0.0.0.0', '::'].includes(config.host) ? '127.0.0.1' : config.host;
  const authority = host.includes(':') ? `[${host}]` : host;
  // Taking over from a publisher makes no event, so between two runs of the pattern this is somebody else.
  let taken = false;
  const unsubscribe = origin.bus.subscribe((event) => {
    if (event.type !== 'segment.ready' && event.channel === config.channel)
      taken = event.type === 'stream.online';
  });
  const pattern = startPattern({
    ffmpegPath: at.ffmpegPath,
    size: config.patternSize,
    url: `rtmp://${authority}:${origin.rtmpPort}/live/${origin.streamKey(config.channel)}`,
    onExit: ({ reason, restartMs }) => {
      at.onProgress(`Test pattern stopped (${reason}); again in ${restartMs / 1000} s`);
    },
    isTaken: () => taken,
    onTaken: () => {
      at.onProgress('Somebody else publishes; the test pattern comes back when they stop');
    },
  });
  return {
    pid: pattern.pid,
    close: () => {
      unsubscribe();
      return pattern.close();
    },
  };
}
