import { createNodePeer } from '@shoal/client-sdk/node';
import type { ViewerSpec } from '../plan.ts';
import type { NodeStage } from './calls.ts';
import { EngineProbe, probeNextEngine } from './engine-probe.ts';
import type { NodeViewer } from './node-viewer.ts';
import { falsifier } from './polluter.ts';
import { ViewerLog } from './viewer-log.ts';

/** Starts a Shoal peer, or a plain viewer: the same peer without P2P. One at a time. */
export async function startShoalViewer(spec: ViewerSpec, stage: NodeStage): Promise<NodeViewer> {
  const { tag, engine, uplinkKbps, uploads, pollutes } = spec;
  const { playlist, tracker, foreignVideo } = stage;
  const probe = new EngineProbe({
    hashes: foreignVideo !== undefined && pollutes === undefined,
    falsify: pollutes === undefined ? (effect) => effect : await falsifier(pollutes, foreignVideo),
  });
  probeNextEngine(probe);
  const peer = await createNodePeer({
    ...{
      playlist,
      tracker,
      userAgent: tag,
      p2p: engine !== 'plain',
      upload: uploads && (uplinkKbps === undefined || { maxKbps: uplinkKbps }),
    },
  });
  const folder = new URL('.', playlist).pathname;
  let skipped = 0;
  const log = new ViewerLog(() => {
    const stats = peer.stats();
    for (; skipped < stats.skippedSegments; skipped++) log.failed('segment skipped');
    const { bytes, latencyMs, startupMs, stalls, stalledMs } = stats;
    return {
      ...{ latencyMs, startupMs, stalls, stalledMs },
      sent: bytes.uploaded,
      received: bytes.p2p,
      engine: { http: bytes.http, p2p: bytes.p2p, wasted: bytes.wasted },
    };
  });
  peer.on('segment', ({ id, size, waitedMs }) => {
    log.loaded({
      path: `${folder}${id.epoch}-${id.msn}.m4s`,
      bytes: size,
      at: Date.now(),
      waitedMs,
    });
  });
  peer.on('warning', ({ code }) => {
    if (code === 'engine-failed') log.failed(code);
  });
  return {
    read: () => ({ ...log.read(), inside: probe.read() }),
    close: () => {
      log.stop();
      peer.close();
    },
  };
}
