import type Hls from 'hls.js';
import { SwarmEngine } from './core/engine.ts';
import { sha256 } from './adapters/crypto/sha256.ts';
import { createAbrController } from './adapters/hlsjs/abr-controller.ts';
import { createFragmentLoader } from './adapters/hlsjs/fragment-loader.ts';
import { DemandBook } from './adapters/hlsjs/demand-book.ts';
import { PlaybackMonitor } from './adapters/hlsjs/playback-monitor.ts';
import { createPlaylistTap, renditionOf } from './adapters/hlsjs/playlist-tap.ts';
import { RenditionBook } from './adapters/hlsjs/rendition-book.ts';
import type { Driver, DriverListeners } from './adapters/host/driver.ts';
import { runEffect } from './adapters/host/effect-runner.ts';
import { DeviceWatch } from './adapters/host/device-watch.ts';
import { Emitter } from './adapters/host/emitter.ts';
import { EngineHost } from './adapters/host/engine-host.ts';
import { watchPage } from './adapters/host/page-lifecycle.ts';
import { publishReport } from './adapters/host/report-events.ts';
import { viewerKey } from './adapters/host/viewer-key.ts';
import { UploadGovernor } from './adapters/host/upload-governor.ts';
import { RateMeter } from './adapters/http/rate-meter.ts';
import { SegmentFetches } from './adapters/http/fetch-segment.ts';
import { PeerLinks } from './adapters/peer/simple-peer-link.ts';
import { urlWithToken } from './adapters/tracker/token.ts';
import { TrackerClient } from './adapters/tracker/tracker-client.ts';
import { ShoalError, shoalWarning } from './errors.ts';
import { NotSharedMeter } from './not-shared.ts';
import type { ShoalSettings } from './settings.ts';
import type { Shoal } from './shoal.ts';
import type { PlainParts } from './plain/compose.ts';
import type { Signing } from './signing/compose.ts';
import { readUpload } from './upload-options.ts';

const now = (): number => performance.now();

/** Puts the parts together that the settings and the browser call for. */
export async function composeShoal(settings: ShoalSettings): Promise<Shoal> {
  const emitter = new Emitter();
  let onUploadable = (): void => {};
  let onDemand = (): void => {};
  const driver = await composeDriver(settings, {
    emitter,
    onUploadable: () => {
      onUploadable();
    },
    onDemand: () => {
      onDemand();
    },
    onTrackerUnreachable: (cause) => {
      emitter.warn(shoalWarning('tracker-unreachable', { cause }));
    },
  });
  onUploadable = () => {
    governor.refresh();
  };
  onDemand = () => {
    monitor.sample();
  };
  const device = new DeviceWatch(onUploadable);
  const governor = new UploadGovernor({
    settings: settings.upload,
    device: () => device.read(),
    p2p: driver.p2p,
    uploadedBytes: () => driver.counters().uploaded,
    apply: driver.applyUpload,
    onState: (state) => {
      emitter.emit('upload', state);
    },
  });
  const monitor = new PlaybackMonitor({
    onPlayback: driver.playback,
    onDestroying: () => {
      close();
    },
    now,
    wallClock: () => Date.now(),
  });
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    device.close();
    monitor.close();
    driver.close();
  };
  governor.refresh();
  return {
    engine: driver.engine,
    hlsConfig: driver.hlsConfig,
    attach: (hls: Hls) => {
      if (closed) return;
      driver.attach(hls);
      monitor.attach(hls);
    },
    stats: () => {
      const { http, p2p, uploaded, wasted, ...gauges } = driver.counters();
      const bytes = { http, p2p, uploaded, wasted };
      return {
        bytes,
        notShared: driver.notShared(),
        ...gauges,
        p2p: driver.p2p(),
        upload: governor.read(),
        ...monitor.read(),
      };
    },
    on: (name, listener) => emitter.on(name, listener),
    setP2P: (enabled) => {
      if (closed || driver.p2p() === enabled) return;
      driver.setP2P(enabled);
      if (driver.p2p() === enabled) emitter.emit('p2p', { enabled });
      governor.refresh();
    },
    setUpload: (upload) => {
      const rules = readUpload(upload, governor.settings);
      if (!rules.ok) throw ShoalError.invalidOption(rules.error);
      if (!closed) governor.set(rules.value);
    },
    close,
  };
}

async function composeDriver(settings: ShoalSettings, listeners: DriverListeners): Promise<Driver> {
  const { emitter } = listeners;
  if (typeof RTCPeerConnection === 'undefined' || typeof WebSocket === 'undefined') {
    emitter.warn(shoalWarning('webrtc-unsupported'));
    return composePlain();
  }
  try {
    if (settings.engine === 'shoal') return await composeShared(settings, listeners);
    const { tracker: url, trackerToken } = settings;
    // It keeps its first URL for good. One without a token is refused, which is told as a warning.
    const tracker = trackerToken && (await urlWithToken(url, trackerToken).catch(() => url));
    const { composeStock } = await import('./stock/compose.ts');
    return await composeStock({ ...settings, tracker: tracker ?? url }, listeners);
  } catch (cause) {
    emitter.warn(shoalWarning('engine-load-failed', { cause }));
    return composePlain();
  }
}

/** The player's own loader, with its bytes counted. */
function composePlain(): Driver {
  let http = 0;
  const notShared = new NotSharedMeter();
  const source = new DemandBook({ knows: () => false, input: () => {} });
  return {
    engine: 'none',
    hlsConfig: {
      fLoader: createFragmentLoader({
        source,
        onDefaultBytes: (bytes) => (http += bytes),
        onNotShared: (reason, bytes) => {
          notShared.add(reason, bytes);
        },
        whyUnknown: () => 'no-engine',
        httpBitsPerSecond: () => undefined,
      }),
    },
    attach: () => {},
    playback: () => {},
    counters: () => ({
      http,
      p2p: 0,
      uploaded: 0,
      wasted: 0,
      peers: 0,
      viewers: undefined,
      resting: false,
      tracker: 'off',
    }),
    notShared: () => notShared.read(),
    p2p: () => false,
    setP2P: () => {},
    applyUpload: () => {},
    close: () => {},
  };
}

async function composeShared(settings: ShoalSettings, listeners: DriverListeners): Promise<Driver> {
  const { integrity, channel, signingKeys: source } = settings;
  const { emitter } = listeners;
  const plain =
    integrity === 'none'
      ? (await import('./plain/compose.ts')).plainParts({ channel, sha256 })
      : undefined;
  const signing =
    source &&
    (await (
      await import('./signing/compose.ts')
    ).webSigning({
      source,
      now,
      warn: (warning) => {
        emitter.warn(warning);
      },
    }));
  return composeSwarm(settings, { ...listeners, plain, signing });
}

function composeSwarm(
  settings: ShoalSettings,
  parts: DriverListeners & {
    readonly plain: PlainParts | undefined;
    readonly signing: Signing | undefined;
  },
): Driver {
  const { emitter, onUploadable, onDemand, plain, signing } = parts;
  const { random } = Math;
  let enabled = settings.p2p;
  let defaultBytes = 0;
  const rate = new RateMeter();
  const renditions = new RenditionBook();
  const notShared = new NotSharedMeter();
  const host: EngineHost = new EngineHost({
    engine: new SwarmEngine({
      key: viewerKey(),
      // Until the rules have been applied, before anybody is met.
      shares: false,
      uploadLimit: undefined,
      plain: plain?.sharing,
      random,
      sha256,
    }),
    run: (effect) => {
      runEffect(effect, ports);
    },
    onFailure: (cause) => {
      release();
      emitter.warn(shoalWarning('engine-failed', { cause }));
      onUploadable();
    },
    now,
    timely: () => !document.hidden,
  });
  const input: EngineHost['input'] = (value) => {
    host.input(value);
  };
  const demands = new DemandBook(host);
  const links = new PeerLinks({ iceServers: settings.iceServers, input });
  const fetches = new SegmentFetches({
    fetch: (...request) => fetch(...request),
    now,
    input,
    onTransfer: (bytes, ms) => {
      rate.sample(bytes, ms);
    },
  });
  const tracker = new TrackerClient({
    url: settings.tracker,
    token: settings.trackerToken,
    webSocket: WebSocket,
    random,
    input: (value) => {
      if (signing === undefined) input(value);
      else signing.fromTracker(value, input);
    },
    onState: (state) => {
      emitter.emit('tracker', { state });
    },
    onUnreachable: parts.onTrackerUnreachable,
  });
  const ports = {
    fetches,
    links,
    tracker,
    demands,
    report: (report: Parameters<typeof publishReport>[0]) => {
      publishReport(report, emitter);
      // The budget is spent.
      if (report.type === 'sharing' && !report.shares) onUploadable();
    },
  };
  const unwatch = watchPage(window, {
    // Neighbours learn at once, and a page without connections may be kept to come back to.
    onHide: () => {
      input({ type: 'p2p', enabled: false });
      links.closeAll();
      tracker.disconnect();
    },
    onReturn: () => {
      input({ type: 'p2p', enabled });
    },
  });
  function release(): void {
    unwatch();
    signing?.close();
    links.disconnectAll();
    tracker.disconnect();
    fetches.abortAll();
    demands.fallBackAll();
  }
  input({ type: 'p2p', enabled });
  return {
    engine: 'shoal',
    hlsConfig: {
      // Or the first segment waits for hls.js's next look, 100 ms later, where a playlist is there before the media source opens.
      startFragPrefetch: true,
      fLoader: createFragmentLoader({
        source: {
          // Without P2P everything is as hls.js does it.
          knows: (url) => enabled && demands.knows(url),
          demand: (...request) => {
            onDemand();
            return demands.demand(...request);
          },
        },
        onDefaultBytes: (bytes, ms) => {
          defaultBytes += bytes;
          if (ms !== undefined) rate.sample(bytes, ms);
        },
        onNotShared: (reason, bytes) => {
          notShared.add(reason, bytes);
        },
        whyUnknown: (playlist) =>
          plain !== undefined || notShared.listsDigests(playlist) ? undefined : 'no-digests',
        httpBitsPerSecond: () => rate.bitsPerSecond(),
      }),
      pLoader: createPlaylistTap({
        onPlaylist: (playlist, url) => {
          renditions.note(url, renditionOf(playlist));
          if (signing !== undefined) return signing.playlist(playlist, input);
          input(playlist);
          return undefined;
        },
        onSeen: (url, hasDigests) => {
          notShared.playlist(url, hasDigests);
        },
        plain: plain?.listing,
      }),
      abrController: createAbrController({
        active: () => enabled && host.running(),
        httpBitsPerSecond: () => rate.bitsPerSecond(),
        holders: (url) => {
          const rendition = renditions.renditionOf(url);
          return rendition === undefined ? 0 : host.holders(rendition);
        },
        random,
        now,
      }),
    },
    attach: () => {},
    playback: (tracks) => {
      input(renditions.playback(tracks));
    },
    counters: () => {
      const stats = host.stats();
      return {
        http: stats.httpBytes + defaultBytes,
        p2p: stats.p2pBytes,
        uploaded: stats.uploadedBytes,
        wasted: stats.wastedBytes,
        peers: stats.peers,
        viewers: stats.viewers,
        resting: stats.resting,
        tracker: tracker.state,
      };
    },
    notShared: () => notShared.read(),
    p2p: () => enabled && host.running(),
    setP2P: (value) => {
      enabled = value;
      input({ type: 'p2p', enabled });
    },
    applyUpload: ({ shares, limit, budget }) => {
      input({ type: 'upload', shares, limit, budget });
    },
    close: () => {
      // The swarm is told before the engine stops listening.
      input({ type: 'p2p', enabled: false });
      host.stop();
      release();
    },
  };
}
