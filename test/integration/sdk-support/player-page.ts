import { createShoal, type Shoal, type ShoalOptions, type ShoalStats } from '@shoal/client-sdk';
import type Hls from 'hls.js';
import type { HlsConfig } from 'hls.js';

/** What a page with a player on it tells a test. */
export type PlayerReport = {
  readonly engine: Shoal['engine'];
  readonly stats: ShoalStats;
  readonly warnings: readonly string[];
  readonly events: readonly string[];
  /** Bytes of the segments that the `segment` events spoke of. */
  readonly segmentBytes: { readonly http: number; readonly p2p: number };
  /** The same, by rendition. */
  readonly renditions: Readonly<Record<string, { readonly http: number; readonly p2p: number }>>;
  /** The level that plays, by its place in the multivariant playlist; -1 before the first frame. */
  readonly level: number;
  /** Times that hls.js abandoned a segment for a lower level. */
  readonly abandoned: number;
  readonly fatal: readonly string[];
  readonly time: number;
  readonly ended: boolean;
};

/** `level`: the one to load, instead of those that hls.js chooses; `keysFrom`: URL of the playback information with the signing keys. */
type PlayerSettings = {
  readonly keysFrom?: string | undefined;
  readonly level?: number | undefined;
  readonly config?: Partial<HlsConfig>;
};

/** What a test may do in the page. */
type PlayerPage = {
  start(options: ShoalOptions, playlist: string, how?: PlayerSettings): Promise<void>;
  report(): PlayerReport;
  /** Loads this level from the next segment on; -1 leaves it to the player. */
  setLevel(level: number): void;
  setP2P(enabled: boolean): void;
  setUpload: Shoal['setUpload'];
  close(): void;
  destroyPlayer(): void;
};

declare global {
  var player: PlayerPage;
}

const video = document.querySelector('video') ?? document.createElement('video');
const warnings: string[] = [];
const events: string[] = [];
const fatal: string[] = [];
const segmentBytes = { http: 0, p2p: 0 };
const renditions: Record<string, { http: number; p2p: number }> = {};
let abandoned = 0;
let shoal: Shoal | undefined;
let hls: Hls | undefined;

function running(): Shoal {
  if (shoal === undefined) throw new Error('not started');
  return shoal;
}

/** The script build of hls.js where the page loads it, the module otherwise. */
async function playerClass(): Promise<typeof Hls> {
  const script = 'Hls' in window ? (window.Hls as typeof Hls) : undefined;
  return script ?? (await import('hls.js')).default;
}

async function readKeys(url: string): Promise<readonly string[]> {
  const { signing } = (await (await fetch(url)).json()) as {
    readonly signing: { readonly keys: readonly { readonly publicKey: string }[] };
  };
  return signing.keys.map(({ publicKey }) => publicKey);
}

window.player = {
  start: async (options, playlist, { keysFrom, level, config } = {}) => {
    const Player = await playerClass();
    const keys = keysFrom && { signingKeys: () => readKeys(keysFrom) };
    const made = await createShoal({ ...options, ...keys });
    shoal = made;
    made.on('warning', ({ code }) => warnings.push(code));
    made.on('tracker', ({ state }) => events.push(`tracker ${state}`));
    made.on('p2p', ({ enabled }) => events.push(`p2p ${enabled ? 'on' : 'off'}`));
    made.on('upload', ({ state }) => events.push(`upload ${state}`));
    made.on('rest', ({ resting }) => events.push(`rest ${resting ? 'on' : 'off'}`));
    made.on('peers', ({ connected }) => events.push(`peers ${connected}`));
    made.on('segment', ({ id, httpBytes, p2pBytes }) => {
      const of = (renditions[id.rendition] ??= { http: 0, p2p: 0 });
      of.http += httpBytes;
      of.p2p += p2pBytes;
      segmentBytes.http += httpBytes;
      segmentBytes.p2p += p2pBytes;
    });
    hls = new Player({ ...made.hlsConfig, maxBufferLength: 6, ...config });
    hls.on(Player.Events.ERROR, (_, data) => {
      if (data.fatal) fatal.push(data.details);
    });
    hls.on(Player.Events.FRAG_LOAD_EMERGENCY_ABORTED, () => {
      abandoned += 1;
    });
    made.attach(hls);
    // Loading a multivariant playlist forgets what was set before.
    if (level !== undefined)
      hls.on(Player.Events.MANIFEST_PARSED, () => {
        if (hls !== undefined) hls.loadLevel = level;
      });
    hls.loadSource(playlist);
    hls.attachMedia(video);
    await video.play();
  },
  report: () => ({
    engine: running().engine,
    stats: running().stats(),
    warnings,
    events,
    segmentBytes,
    renditions,
    level: hls?.currentLevel ?? -1,
    abandoned,
    fatal,
    time: video.currentTime,
    ended: video.ended,
  }),
  setLevel: (level) => {
    if (hls !== undefined) hls.loadLevel = level;
  },
  setP2P: (enabled) => {
    running().setP2P(enabled);
  },
  setUpload: (upload) => {
    running().setUpload(upload);
  },
  close: () => {
    running().close();
  },
  destroyPlayer: () => {
    hls?.destroy();
  },
};
