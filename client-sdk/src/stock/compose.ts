import { StockEngine } from '../adapters/p2p-media-loader/stock-engine.ts';
import type { Driver, DriverListeners } from '../adapters/host/driver.ts';
import type { ShoalSettings } from '../settings.ts';

/** Puts the stock engine together; apart, since few sites load it. */
export async function composeStock(
  settings: ShoalSettings,
  { emitter, onUploadable, onTrackerUnreachable }: DriverListeners,
): Promise<Driver> {
  const stock = await StockEngine.load({
    ...settings,
    uploads: settings.upload.enabled,
    onUploaded: onUploadable,
    onPeers: (connected) => {
      emitter.emit('peers', { connected });
    },
    onTracker: (state) => {
      emitter.emit('tracker', { state });
    },
    onTrackerUnreachable,
  });
  return {
    engine: 'p2p-media-loader',
    hlsConfig: stock.hlsConfig,
    attach: (hls) => {
      stock.attach(hls);
    },
    playback: () => {},
    counters: () => stock.counters(),
    notShared: () => ({}),
    p2p: () => stock.p2p(),
    setP2P: (enabled) => {
      stock.setP2P(enabled);
    },
    applyUpload: ({ shares, reason }) => {
      stock.setUpload(shares && reason === undefined);
    },
    close: () => {
      stock.close();
    },
  };
}
