import type { Shoal, ShoalStats, ShoalWarning } from '@shoal/client-sdk';
import Hls from 'hls.js';
import type { EngineChoice } from '../shared-ui/page-query.ts';
import { watchPlain } from './plain-stats.ts';

/** How one playback is set up. */
export type SessionOptions = {
  readonly video: HTMLVideoElement;
  /** URL of the multivariant playlist. */
  readonly source: string;
  /** WebSocket URL. */
  readonly tracker: string;
  /** The channel's public keys. */
  readonly signingKeys: () => Promise<readonly string[]>;
  readonly engine: EngineChoice;
  readonly p2p: boolean;
  readonly upload: boolean;
  readonly onWarning: (warning: ShoalWarning) => void;
  /** The player cannot go on; the session is of no more use. */
  readonly onFailed: (reason: string) => void;
};

/** One playback, from its first request to its end. */
export type Session = {
  readonly hls: Hls;
  /** `plain` where the chosen engine cannot run. */
  readonly engine: EngineChoice;
  readonly stats: () => ShoalStats;
  readonly setP2P: (enabled: boolean) => void;
  readonly setUpload: (enabled: boolean) => void;
  /** Idempotent. */
  readonly close: () => void;
};

/** Media errors in a row that are repaired in place; the next one fails the session. */
const MAX_MEDIA_REPAIRS = 2;
const NETWORK_RETRY_MS = 2_000;
/** Played media is kept this long, in seconds: a live page may stay open for hours. */
const BACK_BUFFER_SECONDS = 30;
/** Who began further behind the edge than three segments catches up this fast. */
const CATCH_UP_RATE = 1.1;
/**
 * Where the stock engine wants hls.js to play, in segments behind the edge. It says so itself, but only once hls.js has a
 * playlist; one that has chosen its first segment by then plays three behind, where the stock engine shares nothing.
 */
const STOCK_SYNC_SEGMENTS = 14;

/** Starts to play `source`: with the chosen engine, or with hls.js alone where that fails. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const shoal = await createEngine(options);
  const hls = new Hls({
    ...shoal?.hlsConfig,
    backBufferLength: BACK_BUFFER_SECONDS,
    maxLiveSyncPlaybackRate: CATCH_UP_RATE,
    ...(shoal?.engine === 'p2p-media-loader' && { liveSyncDurationCount: STOCK_SYNC_SEGMENTS }),
  });
  const undoWarnings = shoal?.on('warning', options.onWarning);
  shoal?.attach(hls);
  const counter = shoal ?? watchPlain(hls, options.video);
  const undoRetries = surviveErrors(hls, options.onFailed);
  hls.attachMedia(options.video);
  hls.loadSource(options.source);
  let closed = false;
  return {
    hls,
    engine: shoal === undefined || shoal.engine === 'none' ? 'plain' : shoal.engine,
    stats: () => counter.stats(),
    setP2P: (enabled) => shoal?.setP2P(enabled),
    setUpload: (enabled) => shoal?.setUpload(enabled),
    close: () => {
      if (closed) return;
      closed = true;
      undoWarnings?.();
      undoRetries();
      counter.close();
      hls.destroy();
    },
  };
}

/** The SDK is only loaded when it is used, so that `plain` is hls.js and nothing else. */
async function createEngine(options: SessionOptions): Promise<Shoal | undefined> {
  const { engine, tracker, signingKeys, p2p, upload } = options;
  if (engine === 'plain') return undefined;
  try {
    const { createShoal } = await import('@shoal/client-sdk');
    const shoal = await createShoal({ tracker, signingKeys, engine, p2p });
    // The switch, and by the rules otherwise.
    shoal.setUpload(upload);
    return shoal;
  } catch (cause) {
    const message = `the engine ${engine} could not be loaded`;
    options.onWarning({ code: 'engine-load-failed', message, cause });
    return undefined;
  }
}

/**
 * Keeps a player going that hls.js gives up on: media errors are repaired in place, and loading goes on
 * after network errors, for there is media in the buffer meanwhile. Returns its undo.
 */
function surviveErrors(hls: Hls, onFailed: (reason: string) => void): () => void {
  let repairs = 0;
  let timer: number | undefined;
  hls.on(Hls.Events.FRAG_BUFFERED, () => {
    repairs = 0;
  });
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && repairs < MAX_MEDIA_REPAIRS) {
      repairs += 1;
      hls.recoverMediaError();
    } else if (data.type === Hls.ErrorTypes.NETWORK_ERROR && hls.levels.length > 0) {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => {
        hls.startLoad();
      }, NETWORK_RETRY_MS);
    } else onFailed(data.details);
  });
  return () => {
    window.clearTimeout(timer);
  };
}
