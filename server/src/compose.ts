import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import pino, { type Logger } from 'pino';
import { type Bus, type ChannelId, type Sha256 } from '@shoal/protocol';
import { createMemoryBus } from './adapters/bus/memory.ts';
import { ChannelHost, type ChannelHostPorts } from './adapters/channel/channel-host.ts';
import { PlaylistVersions } from './adapters/channel/live-objects.ts';
import { primeFfmpeg } from './adapters/encoder/ffmpeg-process.ts';
import { startEncoder } from './adapters/encoder/start-encoder.ts';
import { expectSrt, findFfmpeg, type FoundFfmpeg } from './adapters/encoder/find-ffmpeg.ts';
import { createHttpApp } from './adapters/http/app.ts';
import { BlockedRequests } from './adapters/http/blocked-requests.ts';
import { StoredFiles } from './adapters/http/stored-files.ts';
import { IngestSupervisor } from './adapters/ingest/ingest-supervisor.ts';
import { loadStreamKeys, type StreamKeys } from './adapters/keys/key-file.ts';
import { type ChannelStates, createChannelStates } from './adapters/storage/channel-state-file.ts';
import { lockFolder } from './adapters/storage/folder-lock.ts';
import { SrtListeners } from './adapters/ingest/srt-listeners.ts';
import { readCertificate } from './adapters/certificate.ts';
import { type RecordingHost } from './adapters/recording/recording-host.ts';
import { type Recordings, startRecordings } from './adapters/recording/recordings.ts';
import { createMemoryStore } from './adapters/storage/memory-store.ts';
import { Channel, type ObjectStore, type SessionId } from './core/index.ts';
import { OriginError } from './errors.ts';
import { type OriginOptions, readOptions, type Settings } from './options.ts';

export { findFfmpeg, installCommand } from './adapters/encoder/find-ffmpeg.ts';

/** A running origin. */
export type Origin = {
  readonly httpPort: number;
  readonly rtmpPort: number;
  /** Where publishers connect by RTMPS; undefined where they cannot. */
  readonly rtmpsPort: number | undefined;
  /** The UDP port for SRT publishers of a channel, whose passphrase is the stream key; undefined where there is none. */
  readonly srtPort: (channel: ChannelId) => number | undefined;
  /** Carries `segment.ready` and the stream events (EVT-1, EVT-2). */
  readonly bus: Bus;
  /** Throws a RangeError for a channel that the origin does not have. */
  readonly streamKey: (channel: ChannelId) => string;
  /** Pids, for operators and fault tests. */
  readonly processes: () => {
    readonly ingest: number | undefined;
    readonly encoders: readonly { readonly channel: ChannelId; readonly pid: number }[];
    /** That listen for SRT, or receive it. */
    readonly srt: readonly { readonly channel: ChannelId; readonly pid: number }[];
  };
  /** Ends publishers, encoders and the servers. Idempotent. */
  readonly close: () => Promise<void>;
};

const RTMP_APP = 'live';
const KEPT_SEGMENTS = 8;
/** A third of a second at the usual frame rates, and some slack. */
const PART_MS = 350;

const sha256: Sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Starts an origin. Rejects with an {@link OriginError}, after which nothing is left running. */
export async function startOrigin(options: OriginOptions): Promise<Origin> {
  const settings = readOptions(options);
  const ffmpeg = await findFfmpeg(
    options.ffmpegPath === undefined ? {} : { ffmpegPath: options.ffmpegPath },
  );
  await primeFfmpeg(ffmpeg.path);
  const log = pino({ level: settings.logLevel, base: null });
  makeDataDir(settings);
  const undo: (() => Promise<unknown>)[] = [await lockFolder(settings.dataDir)];
  const store = createMemoryStore();
  const bus = createMemoryBus((err) => {
    log.error({ err }, 'a listener of the bus failed');
  });
  const hosts = new Map<ChannelId, ChannelHost>();
  const sessions = new Map<SessionId, ChannelHost>();
  const close = async (): Promise<void> => {
    for (let next = undo.pop(); next !== undefined; next = undo.pop()) await next();
  };
  try {
    const { keys, states } = openDataDir(settings);
    const recordings = await openRecordings(settings, states, log);
    undo.push(async () => recordings?.close());
    undo.push(() => Promise.all([...hosts.values()].map((host) => host.close())));
    const ingest = await startIngest(settings, { keys, hosts, sessions, log });
    undo.push(() => ingest.close());
    const srt = srtListeners(settings, { keys, ffmpeg, log });
    undo.push(async () => srt?.close());
    const blocked = settings.lowLatency ? new BlockedRequests({ now: Date.now }) : undefined;
    const onPlaylist = (path: string): void => blocked?.changed(path);
    const parts = { store, bus, states, log, ingest, srt, ffmpeg, onPlaylist };
    for (const { channel } of settings.channels) {
      const { host: recording, window } = recordings?.of(channel) ?? {};
      const host = createHost(channel, settings, { ...parts, recording });
      if (window !== undefined) host.restore(window);
      hosts.set(channel, host);
    }
    if (srt !== undefined) await expectSrt(ffmpeg);
    for (const [channel, host] of hosts) await srt?.start(channel, host);
    const served = { store, blocked, recordings };
    const httpPort = await startHttp(settings, { ...served, hosts, log, ingest, undo });
    log.info({ httpPort, rtmpPort: ingest.port, ffmpeg: ffmpeg.path }, 'origin started');
    let closing: Promise<void> | undefined;
    return {
      httpPort,
      rtmpPort: ingest.port,
      rtmpsPort: ingest.securePort,
      srtPort: (channel) => srt?.port(channel),
      bus,
      streamKey: keys.keyOf,
      processes: () => ({
        ingest: ingest.pid,
        encoders: [...hosts.values()].flatMap((host) =>
          host.encoderPids().map((pid) => ({ channel: host.channel, pid })),
        ),
        srt: srt?.pids() ?? [],
      }),
      close: () => (closing ??= close()),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function makeDataDir(settings: Settings): void {
  try {
    mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw unusable(settings, cause);
  }
}

function openDataDir(settings: Settings): {
  readonly keys: StreamKeys;
  readonly states: ChannelStates;
} {
  try {
    const keys = loadStreamKeys(settings.dataDir, settings.channels);
    return { keys, states: createChannelStates(settings.dataDir) };
  } catch (cause) {
    throw cause instanceof OriginError ? cause : unusable(settings, cause);
  }
}

function unusable(settings: Settings, cause: unknown): OriginError {
  return new OriginError('data-dir', `cannot use the folder ${settings.dataDir}`, { cause });
}

function startIngest(
  settings: Settings,
  parts: {
    readonly keys: StreamKeys;
    readonly hosts: ReadonlyMap<ChannelId, ChannelHost>;
    readonly sessions: Map<SessionId, ChannelHost>;
    readonly log: Logger;
  },
): Promise<IngestSupervisor> {
  const { keys, hosts, sessions, log } = parts;
  const secure = settings.rtmps && readCertificate(settings.rtmps);
  const at = { ...settings.rtmp, ...(secure !== undefined && { secure }) };
  const starting = IngestSupervisor.start(at, {
    onAsk: (session, { ip, app, name }) => {
      const channel = app === RTMP_APP ? keys.channelOf(name) : undefined;
      // Somebody may ask while the origin is still being put together.
      void starting.then((ingest) => {
        const host = channel === undefined ? undefined : hosts.get(channel);
        if (host === undefined) {
          log.warn({ ip, session }, 'publisher refused: wrong app or stream key');
          ingest.refuse(session, 'wrong application or stream key');
          return;
        }
        log.info({ ip, session, channel }, 'publisher accepted');
        sessions.set(session, host);
        host.publish(session);
        ingest.accept(session);
      });
    },
    onTag: (session, tag) => sessions.get(session)?.tag(session, tag),
    onClosed: (session, reason) => {
      const host = sessions.get(session);
      sessions.delete(session);
      host?.unpublish(session, reason);
    },
    onRestart: (detail, delayMs) => {
      log.error({ detail, delayMs }, 'the ingest process is started again');
    },
  });
  return starting;
}

/** They are ready before anybody can publish. */
async function openRecordings(
  settings: Settings,
  states: ChannelStates,
  log: Logger,
): Promise<Recordings | undefined> {
  const { recording, dataDir, listedSegments: listed } = settings;
  if (recording === undefined) return undefined;
  const channels = settings.channels.map(({ channel }) => ({ channel, ...states.load(channel) }));
  const segmentMs = settings.segmentSeconds * 1000;
  const note: Parameters<typeof startRecordings>[1]['note'] =
    (channel) => (level, message, err) => {
      log[level]({ channel, ...(err !== undefined && { err }) }, message);
    };
  return startRecordings(recording, { dataDir, channels, listed, segmentMs, note }).catch(
    (cause: unknown) => {
      throw cause instanceof OriginError ? cause : unusable(settings, cause);
    },
  );
}

function srtListeners(
  settings: Settings,
  {
    keys,
    ffmpeg,
    log,
  }: { readonly keys: StreamKeys; readonly ffmpeg: FoundFfmpeg; readonly log: Logger },
): SrtListeners | undefined {
  if (settings.srt === undefined) return undefined;
  const channels = settings.channels.map(({ channel }) => channel);
  const { keyOf } = keys;
  return new SrtListeners({ ...settings.srt, channels, keyOf, ffmpegPath: ffmpeg.path, log });
}

function createHost(
  channel: ChannelId,
  settings: Settings,
  parts: {
    readonly store: ObjectStore;
    readonly bus: Bus;
    readonly states: ChannelStates;
    readonly log: Logger;
    readonly ingest: IngestSupervisor;
    readonly srt: SrtListeners | undefined;
    readonly ffmpeg: FoundFfmpeg;
    readonly onPlaylist: (path: string) => void;
    readonly recording: RecordingHost | undefined;
  },
): ChannelHost {
  const { store, bus, states, ingest, srt, ffmpeg, onPlaylist, recording } = parts;
  const log = parts.log.child({ channel });
  const core = new Channel(
    {
      channel,
      ladder: settings.ladder,
      passthrough: new Set(settings.passthrough),
      audioRendition: settings.audioRendition,
      canDecode: (codec) => ffmpeg.decodes.has(codec),
      segmentMs: settings.segmentSeconds * 1000,
      ...(settings.lowLatency && { partMs: PART_MS }),
      listedSegments: settings.listedSegments,
      keptSegments: KEPT_SEGMENTS,
      interruptedMs: settings.interruptedMs,
      closeAfterMs: settings.closeAfterMs,
      sha256,
    },
    states.load(channel),
    Date.now(),
  );
  const ports: ChannelHostPorts = {
    now: () => Date.now(),
    store,
    versions: new PlaylistVersions(),
    bus,
    onPlaylist,
    save: (id, state) => {
      try {
        states.save(id, state);
      } catch (err) {
        // A full disk must not end a broadcast; what is lost is that numbers run on over a restart.
        log.error({ err }, 'the state of the channel cannot be saved');
      }
    },
    startEncoder: (what, handlers) =>
      startEncoder(what, handlers, {
        ffmpeg,
        onLog: (line) => {
          log.debug({ line }, 'ffmpeg');
        },
      }),
    publisher: {
      pause: (session) => {
        ingest.pause(session);
      },
      resume: (session) => {
        ingest.resume(session);
      },
      // Each knows its own sessions.
      drop: (session, reason) => {
        srt?.drop(channel, session, reason);
        ingest.drop(session, reason);
      },
    },
    ...(recording !== undefined && { recording }),
    note: (level, message) => {
      log[level](message);
    },
  };
  return new ChannelHost(channel, core, ports);
}

async function startHttp(
  settings: Settings,
  parts: {
    readonly store: ObjectStore;
    readonly blocked: BlockedRequests | undefined;
    readonly recordings: Recordings | undefined;
    readonly hosts: ReadonlyMap<ChannelId, ChannelHost>;
    readonly log: Logger;
    readonly ingest: IngestSupervisor;
    readonly undo: (() => Promise<unknown>)[];
  },
): Promise<number> {
  const { store, blocked, recordings, hosts, log, ingest } = parts;
  const { host, port, tls } = settings.http;
  const app = await createHttpApp(
    {
      live: {
        store: { ...store, get: (path) => store.get(path) ?? recordings?.playlist(path) },
        ...(blocked !== undefined && { blocked }),
        ...(recordings !== undefined && { stored: new StoredFiles(recordings.store) }),
        onStoreFailed: (path, err) => {
          log.warn({ err, path }, 'the store fails');
        },
        expectsMedia: (channel) => hosts.get(channel)?.core.expectsMedia ?? false,
        served: (channel, id, bytes) => hosts.get(channel)?.core.served(id, bytes),
        onDelivered: (record) => {
          try {
            settings.onDelivered?.(record);
          } catch (err) {
            log.error({ err }, 'onDelivered failed');
          }
        },
        now: () => Date.now(),
      },
      channels: () => [...hosts.values()].map((host) => host.core.status()),
      recordings: (channel) => recordings?.list(channel) ?? [],
      delivery: (channel) => hosts.get(channel)?.core.delivery() ?? [],
      healthy: () => ingest.pid !== undefined,
      onError: (err) => {
        log.error({ err }, 'request failed');
      },
    },
    {
      ...(settings.staticDir !== undefined && { staticDir: settings.staticDir }),
      ...(tls !== undefined && { tls: readCertificate(tls) }),
    },
  );
  parts.undo.push(() => app.close());
  try {
    await app.listen({ host, port });
  } catch (error) {
    const cause = error instanceof Error ? error : new Error('listen failed');
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
    throw OriginError.listening(
      { option: 'http.port', host, port },
      { code, message: cause.message },
    );
  }
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
