import type { ShoalStats } from '@shoal/client-sdk';
import {
  formatBytes,
  formatNumber,
  formatRate,
  formatSeconds,
  formatShare,
  NO_FIGURE,
} from '../shared-ui/format.ts';
import type { Rates } from './rate-history.ts';

/** Texts of the page by `data-testid`. */
export type Figures = Readonly<Record<string, string>>;

/** Share of what was received that came from other viewers; undefined before the first byte. */
export function offloadOf(bytes: ShoalStats['bytes']): number | undefined {
  const received = bytes.http + bytes.p2p;
  return received === 0 ? undefined : bytes.p2p / received;
}

/** Every figure of the panel. */
export function figuresOf(stats: ShoalStats, rates: Rates): Figures {
  return {
    offload: formatShare(offloadOf(stats.bytes)),
    'bytes-p2p': formatBytes(stats.bytes.p2p),
    'bytes-http': formatBytes(stats.bytes.http),
    'bytes-uploaded': formatBytes(stats.bytes.uploaded),
    'rate-p2p': megabits(rates.p2p),
    'rate-http': megabits(rates.http),
    'rate-uploaded': megabits(rates.uploaded),
    peers: String(stats.peers),
    viewers: formatNumber(stats.viewers),
    latency: formatSeconds(stats.latencyMs),
    buffer: formatSeconds(stats.bufferMs),
    stalls: stallText(stats),
    startup: formatSeconds(stats.startupMs),
    tracker: TRACKER[stats.tracker],
  };
}

/** The figures before anything plays. */
export function emptyFigures(): Figures {
  const names = [
    'latency',
    'buffer',
    'stalls',
    'startup',
    'viewers',
    'peers',
    'tracker',
    'offload',
  ];
  return Object.fromEntries(names.map((name) => [name, NO_FIGURE]));
}

/** Without the unit, which the chart's title has. */
function megabits(bitsPerSecond: number): string {
  return (bitsPerSecond / 1e6).toFixed(2);
}

const TRACKER: Readonly<Record<ShoalStats['tracker'], string>> = {
  off: 'Off',
  connecting: 'Connecting',
  connected: 'Connected',
};

function stallText(stats: ShoalStats): string {
  return stats.stalls === 0 ? '0' : `${stats.stalls} (${formatSeconds(stats.stalledMs)})`;
}

/** One sentence with what the chart shows, for those who do not see it. */
export function chartSummary(rates: Rates): string {
  return `Now ${formatRate(rates.p2p)} from viewers, ${formatRate(rates.http)} from the server, ${formatRate(rates.uploaded)} sent to viewers.`;
}
