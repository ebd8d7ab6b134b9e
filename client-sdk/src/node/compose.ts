import type { RenditionId } from '@shoal/protocol';
import { SwarmEngine } from '../core/index.ts';
import { DemandBook } from '../adapters/hlsjs/demand-book.ts';
import { readPlaylist, renditionOf } from '../adapters/hlsjs/playlist-tap.ts';
import { runEffect } from '../adapters/host/effect-runner.ts';
import { Emitter } from '../adapters/host/emitter.ts';
import { EngineHost } from '../adapters/host/engine-host.ts';
import { publishReport } from '../adapters/host/report-events.ts';
import { viewerKey } from '../adapters/host/viewer-key.ts';
import { UploadGovernor } from '../adapters/host/upload-governor.ts';
import { SegmentFetches } from '../adapters/http/fetch-segment.ts';
import { DataChannelLinks } from '../adapters/node/datachannel-links.ts';
import { toNativeIceServers } from '../adapters/node/ice-servers.ts';
import { nativeEd25519 } from '../adapters/node/native-ed25519.ts';
import { nativeSha256 } from '../adapters/node/native-sha256.ts';
import { PlayerHost } from '../adapters/node/player-host.ts';
import { PlaylistLoader } from '../adapters/node/playlist-loader.ts';
import { SegmentLoader } from '../adapters/node/segment-loader.ts';
import { trackerSocket } from '../adapters/node/tracker-socket.ts';
import { TrackerClient } from '../adapters/tracker/tracker-client.ts';
import { shoalWarning } from '../errors.ts';
import type { ShoalWarning } from '../events.ts';
import { NotSharedMeter } from '../not-shared.ts';
import { plainParts } from '../plain/compose.ts';
import { openSigning } from '../signing/compose.ts';
import { readUpload } from '../upload-options.ts';
import { NodePeerError } from './errors.ts';
import { FetchTimeLog } from './fetch-times.ts';
import type { NodePeer } from './node-peer.ts';
import type { NodePeerSettings } from './options.ts';
import { PlayerModel } from './player-model.ts';

const now = (): number => performance.now();

/** Puts a peer together and starts it. Throws {@link NodePeerError} `invalid-option` for ICE servers that are none. */
export function composeNodePeer(settings: NodePeerSettings): NodePeer {
  const iceServers = toNativeIceServers(settings.iceServers);
  if (iceServers === undefined)
    throw NodePeerError.invalidOption('iceServers: not a STUN or TURN URL');
  const { random } = Math;
  const emitter = new Emitter();
  const fetchTimes = new FetchTimeLog();
  const get = fetchAs(settings.userAgent);
  let enabled = settings.p2p;
  const notShared = new NotSharedMeter();
  const plain =
    settings.integrity === 'none'
      ? plainParts({ channel: settings.channel, sha256: nativeSha256 })
      : undefined;
  let listsDigests = false;
  let plainBytes = 0;
  /** Of the media playlist, as far as it is shared. */
  let rendition: RenditionId | undefined;
  let closed = false;
  const host: EngineHost = new EngineHost({
    engine: new SwarmEngine({
      key: viewerKey(),
      // Until the rules have been applied, before anybody is met.
      shares: false,
      uploadLimit: undefined,
      plain: plain?.sharing,
      random,
      sha256: nativeSha256,
    }),
    run: (effect) => {
      runEffect(effect, ports);
    },
    onFailure: (cause) => {
      release();
      emitter.warn(shoalWarning('engine-failed', { cause }));
      governor.refresh();
    },
    now,
  });
  const input: EngineHost['input'] = (value) => {
    host.input(value);
  };
  const { signingKeys: source } = settings;
  const warn = (warning: ShoalWarning): void => {
    emitter.warn(warning);
  };
  const signing =
    source === undefined ? undefined : openSigning({ source, now, warn }, nativeEd25519).signing;
  const demands = new DemandBook(host);
  const links = new DataChannelLinks({ iceServers, input });
  const fetches = new SegmentFetches({ fetch: get, now, input, onTransfer: () => {} });
  const tracker = new TrackerClient({
    url: settings.tracker,
    token: settings.trackerToken,
    webSocket: trackerSocket(settings.userAgent),
    random,
    input: (value) => {
      if (signing === undefined) input(value);
      else signing.fromTracker(value, input);
    },
    onState: (state) => {
      emitter.emit('tracker', { state });
    },
    onUnreachable: (cause) => {
      emitter.warn(shoalWarning('tracker-unreachable', { cause }));
    },
  });
  const ports = {
    fetches,
    links,
    tracker,
    demands,
    report: (report: Parameters<typeof publishReport>[0]) => {
      publishReport(report, emitter);
      // The budget is spent.
      if (report.type === 'sharing' && !report.shares) governor.refresh();
    },
  };
  const playlists = new PlaylistLoader({
    fetch: get,
    url: settings.playlist,
    variant: settings.variant,
    onFirst: (response) => {
      plain?.listing.begin(response);
    },
    onMedia: (response) => {
      const tagged = readPlaylist(response.text, response.served);
      listsDigests = tagged !== undefined;
      const playlist = tagged ?? plain?.listing.read(response);
      rendition = playlist === undefined ? undefined : renditionOf(playlist);
      if (playlist !== undefined && signing !== undefined) return signing.playlist(playlist, input);
      if (playlist !== undefined) input(playlist);
      return undefined;
    },
  });
  const segments = new SegmentLoader({
    source: demands,
    fetch: get,
    now,
    onPlainBytes: (bytes) => {
      plainBytes += bytes;
      notShared.add(listsDigests || plain !== undefined ? 'unknown' : 'no-digests', bytes);
    },
  });
  const player = new PlayerHost({
    player: new PlayerModel({ startBehindSegments: settings.startBehindSegments, now: now() }),
    playlists,
    segments,
    now,
    onPlayback: (position) => {
      const main = rendition && { ...position, rendition };
      input({ type: 'playback', main, audio: undefined, playing: true });
    },
    onFetched: (ms) => {
      fetchTimes.add(ms);
    },
  });
  function release(): void {
    signing?.close();
    links.disconnectAll();
    tracker.disconnect();
    fetches.abortAll();
    demands.fallBackAll();
  }
  const p2p = (): boolean => enabled && host.running();
  const governor = new UploadGovernor({
    settings: settings.upload,
    device: () => ({ metered: false, hidden: false, batteryLow: false }),
    p2p,
    uploadedBytes: () => host.stats().uploadedBytes,
    apply: ({ shares, limit, budget }) => {
      input({ type: 'upload', shares, limit, budget });
    },
    onState: (state) => {
      emitter.emit('upload', state);
    },
  });
  input({ type: 'p2p', enabled });
  governor.refresh();
  player.start();
  return {
    stats: () => {
      const { httpBytes, p2pBytes, uploadedBytes, wastedBytes, ...gauges } = host.stats();
      const { date, live, ...seen } = player.read();
      return {
        bytes: {
          http: httpBytes + plainBytes,
          p2p: p2pBytes,
          uploaded: uploadedBytes,
          wasted: wastedBytes,
        },
        notShared: notShared.read(),
        ...gauges,
        tracker: tracker.state,
        p2p: p2p(),
        upload: governor.read(),
        latencyMs: live && date !== undefined ? Date.now() - date : undefined,
        ...seen,
        fetch: fetchTimes.read(),
      };
    },
    on: (name, listener) => emitter.on(name, listener),
    setP2P: (value) => {
      if (closed || p2p() === value) return;
      enabled = value;
      input({ type: 'p2p', enabled });
      if (p2p() === value) emitter.emit('p2p', { enabled });
      governor.refresh();
    },
    setUpload: (upload) => {
      const rules = readUpload(upload, governor.settings);
      if (!rules.ok) throw NodePeerError.invalidOption(rules.error);
      if (!closed) governor.set(rules.value);
    },
    close: () => {
      if (closed) return;
      closed = true;
      player.close();
      playlists.close();
      segments.close();
      // The swarm is told before the engine stops listening.
      input({ type: 'p2p', enabled: false });
      host.stop();
      release();
    },
  };
}

/** Node's `fetch` under another name. */
function fetchAs(userAgent: string): typeof fetch {
  return (resource, init) => {
    const headers = new Headers(init?.headers);
    headers.set('user-agent', userAgent);
    return fetch(resource, { ...init, headers });
  };
}
