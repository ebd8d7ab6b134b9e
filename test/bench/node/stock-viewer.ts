import { Core, type CoreConfig } from 'p2p-media-loader-core';
import { tuningOf } from '../engine-ids.ts';
import type { ViewerSpec } from '../plan.ts';
import type { NodeStage } from './calls.ts';
import { type ListedSegment, readListing } from './listing.ts';
import { MediaClock } from './media-clock.ts';
import type { NodeViewer } from './node-viewer.ts';
import { ViewerLog } from './viewer-log.ts';
import { capUplink, type PeerRtcConfig } from './webrtc-globals.ts';

/** As the Node peer and hls.js have it. */
const SYNC_SEGMENTS = 3;
const BUFFER_TARGET_MS = 30_000;
const RETRY_MS = 1_000;
/** A playing page tells the engine so often where it is. */
const REPORT_MS = 250;
const STREAM = 'main';

/** Starts a viewer with an unmodified p2p-media-loader-core. One at a time. */
export async function startStockViewer(spec: ViewerSpec, stage: NodeStage): Promise<NodeViewer> {
  const viewer = new StockViewer(spec, stage);
  await viewer.start();
  return viewer;
}

/** Polls the playlist, loads one segment after another through the engine, and plays against the clock. */
class StockViewer implements NodeViewer {
  readonly #core: Core;
  readonly #spec: ViewerSpec;
  readonly #stage: NodeStage;
  readonly #clock = new MediaClock();
  readonly #log: ViewerLog;
  readonly #bytes = { http: 0, p2p: 0, kept: 0, sent: 0 };
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #startedAt = performance.now();
  #segments: readonly ListedSegment[] = [];
  #next: number | undefined;
  #loading = false;
  #startupMs: number | undefined;
  #closed = false;

  constructor(spec: ViewerSpec, stage: NodeStage) {
    this.#spec = spec;
    this.#stage = stage;
    if (spec.uplinkKbps !== undefined) capUplink(spec.tag, spec.uplinkKbps);
    this.#core = new Core(coreConfig(spec, stage));
    this.#core.addEventListener('onChunkDownloaded', (bytes, source) => {
      this.#bytes[source] += bytes;
    });
    this.#core.addEventListener('onChunkUploaded', (bytes) => {
      this.#bytes.sent += bytes;
    });
    this.#core.addEventListener('onSegmentLoaded', ({ bytesLength }) => {
      this.#bytes.kept += bytesLength;
    });
    this.#log = new ViewerLog(() => {
      const now = performance.now();
      const { http, p2p, kept, sent } = this.#bytes;
      return {
        ...this.#clock.stalls(now),
        latencyMs: this.#latency(now),
        startupMs: this.#startupMs,
        sent,
        received: p2p,
        // What is under way counts as thrown away: up to a segment too many.
        engine: { http, p2p, wasted: Math.max(0, http + p2p - kept) },
      };
    });
  }

  /** Resolves when the engine has begun to load the first segment. */
  async start(): Promise<void> {
    this.#core.setManifestResponseUrl(this.#stage.playlist);
    this.#core.setIsLive(true);
    this.#core.addStreamIfNoneExists({ runtimeId: STREAM, type: 'main', index: '0' });
    await this.#poll();
    this.#every(REPORT_MS, () => {
      const position = this.#clock.position(performance.now());
      if (position !== undefined) this.#core.updatePlayback(position / 1000, 1);
      void this.#load();
    });
    // The package keeps one peer id for each stream and process, until an engine is taken down.
    new Core().destroy();
  }

  read(): ReturnType<NodeViewer['read']> {
    return this.#log.read();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#log.stop();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#core.destroy();
  }

  async #poll(): Promise<void> {
    if (this.#closed) return;
    const askedAt = performance.now();
    const changed = await this.#refresh().catch(() => false);
    const target = this.#segments.at(-1)?.duration ?? 2 * RETRY_MS;
    const wait = askedAt + (changed ? target : target / 2) - performance.now();
    this.#after(Math.max(0, wait), () => void this.#poll());
    await this.#load();
  }

  /** Whether there is something new. */
  async #refresh(): Promise<boolean> {
    const headers = { 'user-agent': this.#spec.tag };
    const response = await fetch(this.#stage.playlist, { headers });
    const before = this.#segments;
    const segments = readListing(await response.text(), this.#stage.playlist, before);
    const edge = segments.at(-1)?.msn;
    if (edge === undefined) return false;
    this.#segments = segments;
    this.#next ??= Math.max(segments[0]?.msn ?? 0, edge - SYNC_SEGMENTS + 1);
    const known = new Set(before.map(({ url }) => url));
    const listed = new Set(segments.map(({ url }) => url));
    this.#core.updateStream(
      STREAM,
      segments
        .filter(({ url }) => !known.has(url))
        .map(({ msn, url, start, duration }) => ({
          ...{ runtimeId: url, externalId: msn, url },
          startTime: start / 1000,
          endTime: (start + duration) / 1000,
        })),
      before.filter(({ url }) => !listed.has(url)).map(({ url }) => url),
    );
    return edge !== before.at(-1)?.msn;
  }

  async #load(): Promise<void> {
    const segment = this.#segments.find(({ msn }) => msn === this.#next);
    if (this.#closed || this.#loading || segment === undefined) return;
    if (this.#clock.buffered(performance.now()) > BUFFER_TARGET_MS) return;
    this.#loading = true;
    const askedAt = performance.now();
    await this.#core.loadSegment(segment.url, {
      onSuccess: ({ data }) => {
        const now = performance.now();
        this.#loading = false;
        this.#next = segment.msn + 1;
        this.#clock.append(segment, now);
        this.#startupMs ??= now - this.#startedAt;
        const path = new URL(segment.url).pathname;
        const bytes = data.byteLength;
        this.#log.loaded({ path, bytes, at: Date.now(), waitedMs: now - askedAt });
        void this.#load();
      },
      onError: () => {
        this.#after(RETRY_MS, () => {
          this.#loading = false;
        });
      },
    });
  }

  #latency(now: number): number | undefined {
    const position = this.#clock.position(now);
    const dated = this.#segments[0];
    if (position === undefined || dated?.date === undefined) return undefined;
    return Date.now() - (dated.date + position - dated.start);
  }

  #after(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#closed) run();
    }, ms);
    this.#timers.add(timer);
  }

  #every(ms: number, run: () => void): void {
    this.#after(ms, () => {
      run();
      this.#every(ms, run);
    });
  }
}

function coreConfig({ tag, engine, uploads }: ViewerSpec, { tracker }: NodeStage): CoreConfig {
  const tuning = tuningOf(engine);
  const rtcConfig: PeerRtcConfig = { iceServers: [], uplinkOf: tag };
  return {
    // Engines of one process share a socket for each address.
    announceTrackers: [`${tracker}?viewer=${encodeURIComponent(tag)}`],
    rtcConfig,
    isP2PUploadDisabled: !uploads,
    ...(tuning !== undefined && { highDemandTimeWindow: tuning }),
    // The package passes four.
    httpRequestSetup: (...[url, , signal, range]) => {
      const headers = new Headers({ 'user-agent': tag });
      if (range !== undefined) headers.set('range', `bytes=${range.start}-${range.end ?? ''}`);
      return Promise.resolve(new Request(url, { headers, signal }));
    },
  };
}
