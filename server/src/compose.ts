import { type Logger } from 'pino';
import { type Bus, type ChannelId } from '@shoal/protocol';
import { createMemoryBus } from './adapters/bus/memory.ts';
import { viewersOf } from './adapters/access/viewers-of.ts';
import { readCertificate } from './adapters/certificate.ts';
import { type ChannelHost } from './adapters/channel/channel-host.ts';
import { openChannel } from './adapters/channel/open-channel.ts';
import { OriginChannels } from './adapters/channel/origin-channels.ts';
import { primeFfmpeg } from './adapters/encoder/ffmpeg-process.ts';
import { expectSrt, findFfmpeg, type FoundFfmpeg } from './adapters/encoder/find-ffmpeg.ts';
import { type HttpPorts } from './adapters/http/app.ts';
import { BlockedRequests } from './adapters/http/blocked-requests.ts';
import { type ChannelReport, type TellReport } from './adapters/http/channel-report.ts';
import { playbackInfo } from './adapters/http/playback-info.ts';
import { type HttpOptions, startHttp } from './adapters/http/start-http.ts';
import { StoredFiles } from './adapters/http/stored-files.ts';
import { type IngestSupervisor } from './adapters/ingest/ingest-supervisor.ts';
import { PublishAsker } from './adapters/ingest/publish-asker.ts';
import { SrtListeners } from './adapters/ingest/srt-listeners.ts';
import { startIngest } from './adapters/ingest/start-ingest.ts';
import { type StreamKeys } from './adapters/keys/key-file.ts';
import { type SigningKey, type SigningKeys } from './adapters/keys/signing-keys.ts';
import { signingPlace } from './adapters/keys/signing-place.ts';
import { makeLog } from './adapters/logging/make-log.ts';
import { openMetrics } from './adapters/metrics/serve-metrics.ts';
import { OriginMetrics } from './adapters/metrics/origin-metrics.ts';
import { type RenderedMetrics } from './adapters/metrics/rendered.ts';
import {
  recordedChannels,
  type Recordings,
  startRecordings,
} from './adapters/recording/recordings.ts';
import { type ChannelStates } from './adapters/storage/channel-state-file.ts';
import { openDataDir } from './adapters/storage/data-dir.ts';
import { createMemoryStore } from './adapters/storage/memory-store.ts';
import { type Mirror } from './adapters/redis/mirror.ts';
import {
  type ChannelAbout,
  type ChannelStatus,
  healthWithout,
  isToCome,
  ORIGIN_LIMITS,
  type ObjectStore,
} from './core/index.ts';
import { type OriginOptions, readOptions, type Settings } from './options.ts';

export { createHttpGate } from './adapters/access/http-gate.ts';
export { findFfmpeg, installCommand } from './adapters/encoder/find-ffmpeg.ts';

/** A running origin. */
export type Origin = {
  readonly httpPort: number;
  readonly rtmpPort: number;
  /** Where publishers connect by RTMPS; undefined where they cannot. */
  readonly rtmpsPort: number | undefined;
  /** The UDP port for SRT publishers of a channel, whose passphrase is the stream key; undefined where there is none. */
  readonly srtPort: (channel: ChannelId) => number | undefined;
  /** Where `/metrics` is; undefined where it is not. */
  readonly metricsPort: number | undefined;
  /** What it counts, for Prometheus. */
  readonly metrics: () => Promise<RenderedMetrics>;
  /** Carries `segment.ready` and the stream events (EVT-1, EVT-2). */
  readonly bus: Bus;
  /** How its channels are, in the order in which they came. */
  readonly streams: () => readonly ChannelStatus[];
  /** What the status API tells of a channel, part by part. Throws a RangeError for a channel that the origin does not have. */
  readonly report: TellReport;
  /** Ends the publisher of a channel, if it has one; it may come back unless it may no longer. The reason is for the log and the status. */
  readonly drop: (channel: ChannelId, reason: string) => void;
  /** Throws a RangeError for a channel that is not configured. */
  readonly streamKey: (channel: ChannelId) => string;
  /** Has the next signing key of a channel sign from its next segment on; see {@link SigningKeys.rotate}. Returns what is published now. */
  readonly rotateSigningKey: (
    channel: ChannelId,
    options?: { readonly leaked?: boolean },
  ) => readonly SigningKey[];
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

/** Everything of an origin that is put together before it serves. */
type Parts = {
  readonly store: ObjectStore;
  readonly hosts: Map<ChannelId, ChannelHost>;
  readonly blocked: BlockedRequests | undefined;
  readonly recordings: Recordings | undefined;
  readonly signing: SigningKeys;
  readonly ingest: IngestSupervisor;
  readonly log: Logger;
  readonly meter: OriginMetrics;
};

const KEPT_SEGMENTS = 8;
/** A third of a second at the usual frame rates, and some slack. */
const PART_MS = 350;

/** Starts an origin. Rejects with an {@link OriginError}, after which nothing is left running. */
export async function startOrigin(options: OriginOptions): Promise<Origin> {
  const settings = readOptions(options);
  const ffmpeg = await findFfmpeg(
    options.ffmpegPath === undefined ? {} : { ffmpegPath: options.ffmpegPath },
  );
  await primeFfmpeg(ffmpeg.path);
  const log = makeLog(settings.logLevel);
  const hosts = new Map<ChannelId, ChannelHost>();
  const meter = new OriginMetrics({ process: options.processMetrics ?? false }, () =>
    [...hosts.values()].map((host) => host.core.status()),
  );
  let recordings: Recordings | undefined;
  const folder = await openDataDir(settings.dataDir, settings.channels, (channel) =>
    signingPlace(hosts.get(channel)?.core, recordings?.of(channel).host),
  );
  const { keys, states, signing, close: unlock } = folder;
  const undo: (() => Promise<unknown>)[] = [unlock];
  let channels: OriginChannels | undefined;
  const bus = createMemoryBus((err) => {
    log.error({ err }, 'a listener of the bus failed');
  });
  const close = async (): Promise<void> => {
    for (let next = undo.pop(); next !== undefined; next = undo.pop()) await next();
  };
  try {
    const configured = settings.channels.map(({ channel }) => channel);
    const earlier = earlierChannels(settings, states);
    for (const channel of earlier) signing.add(channel);
    const ids = [...configured, ...earlier];
    recordings = await openRecordings(settings, { ids, states, ffmpegPath: ffmpeg.path, log });
    undo.push(async () => recordings?.close());
    const mirror = await openMirror(settings, { ids, hosts, recordings, signing, log });
    const store = mirror?.over(createMemoryStore()) ?? createMemoryStore();
    bus.subscribe((event) => mirror?.publish(event));
    bus.subscribe((event) => {
      meter.happened(event);
    });
    undo.push(async () => mirror?.close());
    undo.push(async () => {
      await channels?.close();
      await Promise.all([...hosts.values()].map((host) => host.close()));
    });
    const secure = settings.rtmps && readCertificate(settings.rtmps);
    const at = { ...settings.rtmp, ...(secure !== undefined && { secure }) };
    const gate = settings.access?.publish;
    const take: OriginChannels['take'] = async (channel, use) =>
      channels?.take(channel, use) ?? false;
    const asker = gate && new PublishAsker({ gate, take, log });
    const asked = { ...(asker && { asker }), log, meter };
    const ingest = await startIngest(at, { keys, channels: hosts, ...asked });
    undo.push(() => ingest.close());
    const srt = srtListeners(settings, { keys, ffmpeg, log, meter });
    undo.push(async () => srt?.close());
    const blocked = settings.lowLatency ? new BlockedRequests({ now: Date.now }) : undefined;
    const onPlaylist = (path: string): void => blocked?.changed(path);
    const shared = { store, bus, states, signing, log, ingest, ffmpeg, onPlaylist, meter };
    const open = (channel: ChannelId): ChannelHost => {
      const recording = recordings?.of(channel).host;
      return openChannel(channelOptions(channel, settings), {
        ...shared,
        // Each knows its own sessions.
        drop: (session, reason) => {
          srt?.drop(channel, session, reason);
          ingest.drop(session, reason);
        },
        ...(recording !== undefined && { recording }),
      });
    };
    const { dynamicChannels: dynamic, listedSegments } = settings;
    const of = { configured, dynamic, most: ORIGIN_LIMITS.channels, listedSegments };
    channels = new OriginChannels(hosts, of, { open, states, signing, recordings, mirror, log });
    for (const channel of ids) channels.begin(channel);
    mirror?.start();
    if (srt !== undefined) await expectSrt(ffmpeg);
    for (const channel of configured) await startSrt(srt, channel, hosts);
    const ports = httpPorts(settings, {
      ...{ store, hosts, blocked, recordings, signing, ingest, log, meter },
    });
    const http = await startHttp({ ...settings.http, ...pages(settings) }, ports);
    const report = teller(settings, { hosts, recordings, signing });
    undo.push(http.close);
    const metrics = meter.render.bind(meter);
    const watched = await openMetrics(options.metrics, metrics);
    undo.push(watched.close);
    log.info({ httpPort: http.port, rtmpPort: ingest.port, ffmpeg: ffmpeg.path }, 'origin started');
    let closing: Promise<void> | undefined;
    return {
      httpPort: http.port,
      rtmpPort: ingest.port,
      rtmpsPort: ingest.securePort,
      srtPort: (channel) => srt?.port(channel),
      metricsPort: watched.port,
      metrics,
      bus,
      streams: () => channels?.statuses() ?? [],
      report,
      drop: (channel, reason) => hosts.get(channel)?.drop(reason),
      streamKey: keys.keyOf,
      rotateSigningKey: (channel, { leaked = false } = {}) => {
        const published = signing.rotate(channel, { leaked });
        log.info({ channel, key: published[0]?.id, leaked }, 'signing key rotated');
        return published;
      },
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

/** Channels that came into being in an earlier process, as far as there is room: those with recordings, then those that were used last. */
function earlierChannels(
  { channels, dynamicChannels, dataDir, recording }: Settings,
  states: ChannelStates,
): readonly ChannelId[] {
  if (!dynamicChannels) return [];
  const recorded = recording === undefined ? [] : recordedChannels(dataDir, recording);
  const configured = new Set(channels.map(({ channel }) => channel));
  const earlier = new Set([...recorded, ...states.list()]);
  const others = [...earlier].filter((channel) => !configured.has(channel));
  return others.slice(0, ORIGIN_LIMITS.channels - configured.size);
}

async function startSrt(
  srt: SrtListeners | undefined,
  channel: ChannelId,
  hosts: ReadonlyMap<ChannelId, ChannelHost>,
): Promise<void> {
  const host = hosts.get(channel);
  if (host !== undefined) await srt?.start(channel, host);
}

/** They are ready before anybody can publish. */
async function openRecordings(
  settings: Settings,
  parts: {
    readonly ids: readonly ChannelId[];
    readonly states: ChannelStates;
    readonly ffmpegPath: string;
    readonly log: Logger;
  },
): Promise<Recordings | undefined> {
  const { ids, states, ffmpegPath, log } = parts;
  const { recording, dataDir, listedSegments: listed } = settings;
  if (recording === undefined) return undefined;
  const channels = ids.map((channel) => ({ channel, ...states.load(channel) }));
  const segmentMs = settings.segmentSeconds * 1000;
  const note: Parameters<typeof startRecordings>[1]['note'] =
    (channel) => (level, message, err) => {
      log[level]({ channel, ...(err !== undefined && { err }) }, message);
    };
  const origin = { dataDir, channels, listed, segmentMs, note, ffmpegPath };
  return startRecordings(recording, origin);
}

/** Redis is loaded by those alone that have one. */
async function openMirror(
  settings: Settings,
  parts: Pick<Parts, 'hosts' | 'recordings' | 'signing' | 'log'> & {
    readonly ids: readonly ChannelId[];
  },
): Promise<Mirror | undefined> {
  const { ids, hosts, recordings, log } = parts;
  if (settings.redis === undefined) return undefined;
  const { Mirror } = await import('./adapters/redis/mirror.ts');
  return new Mirror(
    { url: settings.redis, channels: ids, log },
    {
      now: () => Date.now(),
      about: (channel) => aboutOf(hosts, channel, settings),
      onDemand: (path) => recordings?.playlist(path),
      report: teller(settings, parts),
      served: (channel, id, { bytes, requests }) =>
        hosts.get(channel)?.core.served(id, bytes, requests),
    },
  );
}

function srtListeners(
  settings: Settings,
  {
    keys,
    ffmpeg,
    log,
    meter,
  }: Pick<Parts, 'log' | 'meter'> & { readonly keys: StreamKeys; readonly ffmpeg: FoundFfmpeg },
): SrtListeners | undefined {
  if (settings.srt === undefined) return undefined;
  const channels = settings.channels.map(({ channel }) => channel);
  const { keyOf } = keys;
  return new SrtListeners({
    ...settings.srt,
    channels,
    keyOf,
    ffmpegPath: ffmpeg.path,
    log,
    meter,
  });
}

function channelOptions(channel: ChannelId, settings: Settings): Parameters<typeof openChannel>[0] {
  const { ladder, segmentSeconds, lowLatency, listedSegments, interruptedMs, closeAfterMs } =
    settings;
  return {
    ...{ channel, ladder, listedSegments, interruptedMs, closeAfterMs },
    passthrough: new Set(settings.passthrough),
    audioRendition: settings.audioRendition,
    segmentMs: segmentSeconds * 1000,
    ...(lowLatency && { partMs: PART_MS }),
    keptSegments: KEPT_SEGMENTS,
  };
}

function aboutOf(
  hosts: ReadonlyMap<ChannelId, ChannelHost>,
  channel: ChannelId,
  { lowLatency, recording }: Settings,
): ChannelAbout {
  const core = hosts.get(channel)?.core;
  if (core === undefined) throw new RangeError(`no channel ${channel}`);
  const recorded = recording !== undefined;
  return { status: core.status(), expectsMedia: core.expectsMedia, lowLatency, recorded };
}

/** Tells what there is to tell of channels, each part when it is asked for. */
function teller(
  { lowLatency }: Settings,
  { hosts, recordings, signing }: Pick<Parts, 'hosts' | 'recordings' | 'signing'>,
): TellReport {
  const has = { lowLatency, dvr: recordings !== undefined };
  const parts: {
    readonly [Field in keyof ChannelReport]: (channel: ChannelId) => ChannelReport[Field];
  } = {
    delivery: (channel) => hosts.get(channel)?.core.delivery() ?? [],
    recordings: (channel) => recordings?.list(channel) ?? [],
    jobs: (channel) => recordings?.jobs(channel) ?? [],
    health: (channel) => hosts.get(channel)?.core.health(Date.now()) ?? healthWithout(false),
    playback: (channel) => playbackInfo(channel, { ...has, keys: signing.published(channel) }),
  };
  return (channel, field) => {
    if (!hosts.has(channel)) throw new RangeError(`no channel ${channel}`);
    return parts[field](channel);
  };
}

function pages({ staticDir, mounts }: Settings): Pick<HttpOptions, 'staticDir' | 'mounts'> {
  return { ...(staticDir !== undefined && { staticDir }), ...(mounts !== undefined && { mounts }) };
}

function httpPorts(settings: Settings, parts: Parts): HttpPorts {
  const { store, hosts, blocked, recordings, ingest, log, meter } = parts;
  return {
    live: {
      store: { ...store, get: (path) => store.get(path) ?? recordings?.playlist(path) },
      ...(blocked !== undefined && { blocked }),
      ...(recordings !== undefined && { stored: new StoredFiles(recordings.store) }),
      onStoreFailed: (path, err) => {
        log.warn({ err, path }, 'the store fails');
      },
      ...viewersOf(settings, log),
      expects: (live) =>
        hosts.has(live.channel) && isToCome(live, aboutOf(hosts, live.channel, settings)),
      served: (channel, id, bytes) => hosts.get(channel)?.core.served(id, bytes),
      onDelivered: (record) => {
        meter.served(record);
        try {
          settings.onDelivered?.(record);
        } catch (err) {
          log.error({ err }, 'onDelivered failed');
        }
      },
      now: () => Date.now(),
    },
    channels: () => [...hosts.values()].map((host) => host.core.status()),
    report: teller(settings, parts),
    healthy: () => ingest.pid !== undefined,
    onError: (err) => {
      log.error({ err }, 'request failed');
    },
  };
}
