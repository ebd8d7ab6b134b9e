import { bundleText } from '../sdk-support/site.ts';

/** What the page tells. */
export type Seen = {
  /** Between now and the programme date-time of the picture that is shown. Milliseconds. */
  readonly latencyMs: number;
  /** The programme date-time of the picture that is shown, Unix milliseconds; 0 before there is one. */
  readonly shownAt: number;
  readonly time: number;
  readonly stalls: number;
  readonly fatal: readonly string[];
  readonly partsLoaded: number;
  readonly deltas: number;
};

declare global {
  var hlsPage: { start: (url: string, lowLatencyMode: boolean) => void; seen: () => Seen };
}

const PAGE = `
import Hls from 'hls.js';
const video = document.querySelector('video') ?? document.body.appendChild(document.createElement('video'));
video.muted = true;
let hls, stalls = 0, partsLoaded = 0, deltas = 0;
const fatal = [];
window.hlsPage = {
  start: (url, lowLatencyMode) => {
    hls = new Hls({ lowLatencyMode });
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (data.details === 'bufferStalledError') stalls += 1;
      if (!data.fatal) return;
      fatal.push(data.details);
      // As sites do: it goes on when the network is back.
      if (data.type === 'networkError') setTimeout(() => hls.startLoad(), 500);
    });
    hls.on(Hls.Events.FRAG_LOADED, (_, { part }) => { if (part) partsLoaded += 1; });
    hls.on(Hls.Events.LEVEL_LOADED, (_, { details }) => { if (details.skippedSegments > 0) deltas += 1; });
    hls.loadSource(url);
    hls.attachMedia(video);
    void video.play();
  },
  seen: () => ({
    latencyMs: hls.playingDate ? Date.now() - hls.playingDate.getTime() : Infinity,
    shownAt: hls.playingDate?.getTime() ?? 0, time: video.currentTime, stalls, fatal, partsLoaded, deltas,
  }),
};
`;

/** A page with hls.js alone on it, by path. */
export function bundleHlsPage(): Promise<ReadonlyMap<string, string>> {
  return bundleText(PAGE);
}
