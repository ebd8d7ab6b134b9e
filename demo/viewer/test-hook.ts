import type { ShoalStats } from '@shoal/client-sdk';
import type Hls from 'hls.js';
import type { EngineChoice } from '../shared-ui/page-query.ts';
import type { Player } from './player.ts';

/** The page's only global, for tests and measurements. */
export type ShoalPage = {
  /** Counters and gauges of the playback of now; undefined while nothing plays. */
  readonly stats: () => ShoalStats | undefined;
  /** The player of now; another one after each time the channel went off the air. */
  readonly hls: Hls | undefined;
  /** The engine that runs, which is `plain` where the chosen one cannot. */
  readonly engine: EngineChoice | undefined;
  readonly video: HTMLVideoElement;
  /** Codes of the engine's warnings so far, oldest first, at most 100. */
  readonly warnings: readonly string[];
};

declare global {
  var shoalPage: ShoalPage | undefined;
}

/** Makes `window.shoalPage` available. */
export function publishPage(page: {
  readonly player: Player;
  readonly video: HTMLVideoElement;
  readonly warnings: readonly string[];
}): void {
  const { player, video, warnings } = page;
  globalThis.shoalPage = {
    stats: () => player.stats(),
    get hls() {
      return player.session()?.hls;
    },
    get engine() {
      return player.session()?.engine;
    },
    video,
    warnings,
  };
}
