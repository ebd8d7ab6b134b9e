import type Hls from 'hls.js';
import type { HlsConfig } from 'hls.js';
import { type EngineId, tuningOf } from '../engine-ids.ts';
import type { EngineBytes } from './reading.ts';

/** An engine that is loaded and ready for one player. */
export type LoadedEngine = {
  /** Makes it; called at the join, so that its start counts. */
  readonly start: () => Promise<StartedEngine>;
};

/** An engine in use. */
export type StartedEngine = {
  readonly hlsConfig: Partial<HlsConfig>;
  readonly attach: (hls: Hls) => void;
  readonly bytes: () => EngineBytes;
};

/** Segments behind the edge at which tuned players begin: hls.js's own default, said aloud because the stock engine changes it otherwise. */
const SYNC_SEGMENTS = 3;
const NO_BYTES: EngineBytes = { http: 0, p2p: 0, wasted: 0 };

/** Loads the code of an engine, without starting it. */
export async function loadEngine(id: EngineId, tracker: string): Promise<LoadedEngine> {
  if (id === 'plain') return { start: () => Promise.resolve(plain()) };
  if (id === 'shoal') {
    const { createShoal } = await import('@shoal/client-sdk');
    return {
      start: async () => {
        const shoal = await createShoal({ tracker });
        return {
          hlsConfig: shoal.hlsConfig,
          attach: shoal.attach,
          bytes: () => shoal.stats().bytes,
        };
      },
    };
  }
  return loadStock(tracker, tuningOf(id));
}

function plain(): StartedEngine {
  return { hlsConfig: {}, attach: () => {}, bytes: () => NO_BYTES };
}

/** An unmodified p2p-media-loader: as it comes, or with the window in which it asks the origin at once. */
async function loadStock(tracker: string, tuning: number | undefined): Promise<LoadedEngine> {
  // A package that it brings along counts on the `process` that bundlers once added by themselves.
  if (!('process' in globalThis))
    Object.assign(globalThis, { process: { browser: true, env: {} } });
  const { HlsJsP2PEngine } = await import('p2p-media-loader-hlsjs');
  return {
    start: () => {
      const engine = new HlsJsP2PEngine({
        core: {
          announceTrackers: [tracker],
          rtcConfig: { iceServers: [] },
          ...(tuning === undefined ? {} : { highDemandTimeWindow: tuning }),
        },
      });
      const bytes = { http: 0, p2p: 0, kept: 0 };
      engine.addEventListener('onChunkDownloaded', (size, source) => {
        bytes[source === 'http' ? 'http' : 'p2p'] += size;
      });
      engine.addEventListener('onSegmentLoaded', ({ bytesLength }) => {
        bytes.kept += bytesLength;
      });
      return Promise.resolve({
        // Declared unknown so that the package need not depend on hls.js; they are the two loader classes.
        hlsConfig: {
          ...(engine.getConfigForHlsJs() as Pick<HlsConfig, 'fLoader' | 'pLoader'>),
          ...(tuning === undefined ? {} : { liveSyncDurationCount: SYNC_SEGMENTS }),
        },
        attach: (hls: Hls) => {
          engine.bindHls(hls);
        },
        // What is under way when the page is read counts as thrown away: up to a segment too many.
        bytes: () => ({
          http: bytes.http,
          p2p: bytes.p2p,
          wasted: Math.max(0, bytes.http + bytes.p2p - bytes.kept),
        }),
      });
    },
  };
}
