import { parseChannelId } from '@shoal/protocol';
import { signingKeysProblem } from '../signing-keys.ts';
import { readUpload } from '../upload-options.ts';
import { NodePeerError } from './errors.ts';
import type { NodePeer } from './node-peer.ts';
import type { NodePeerOptions, NodePeerSettings } from './options.ts';

const MAX_START_BEHIND = 64;

/**
 * Starts a peer: the engine that browsers run, on `node-datachannel` and `ws` (optional peer
 * dependencies of this package), under a player that only keeps time. For load tests and seed boxes.
 * A playlist or a tracker that cannot be reached is tried again; rejects with a {@link NodePeerError}.
 */
export async function createNodePeer(options: NodePeerOptions): Promise<NodePeer> {
  const settings = checkOptions(options);
  const { composeNodePeer } = await import('./compose.ts').catch((cause: unknown) => {
    throw NodePeerError.dependencyMissing(cause);
  });
  return composeNodePeer(settings);
}

/** Fills in the defaults; throws {@link NodePeerError} `invalid-option`. */
function checkOptions(options: NodePeerOptions): NodePeerSettings {
  const { variant = 0, startBehindSegments = 3, upload = true } = options;
  const { userAgent = 'shoal-node-peer', iceServers = [] } = options;
  if (!Number.isInteger(variant) || variant < 0)
    throw NodePeerError.invalidOption('variant: must be a whole number from 0');
  if (!(startBehindSegments >= 1 && startBehindSegments <= MAX_START_BEHIND))
    throw NodePeerError.invalidOption(`startBehindSegments: must be 1 to ${MAX_START_BEHIND}`);
  const rules = readUpload(upload);
  if (!rules.ok) throw NodePeerError.invalidOption(rules.error);
  if (!/^[\x20-\x7e]{1,256}$/.test(userAgent))
    throw NodePeerError.invalidOption('userAgent: must be 1 to 256 printable ASCII characters');
  const { integrity = 'verified' } = options;
  if (!['verified', 'none'].includes(integrity))
    throw NodePeerError.invalidOption(`integrity: unknown: ${integrity}`);
  const { signingKeys } = options;
  const wrong = signingKeysProblem(signingKeys);
  if (wrong !== undefined) throw NodePeerError.invalidOption(`signingKeys: ${wrong}`);
  const channel = options.channel === undefined ? undefined : parseChannelId(options.channel);
  if (channel?.ok === false) throw NodePeerError.invalidOption(`channel: ${channel.error}`);
  return {
    playlist: checkUrl('playlist', options.playlist, ['http:', 'https:']),
    variant,
    tracker: checkUrl('tracker', options.tracker, ['ws:', 'wss:']),
    trackerToken: options.trackerToken,
    integrity,
    signingKeys,
    channel: channel?.value,
    p2p: options.p2p ?? true,
    upload: rules.value,
    startBehindSegments: Math.floor(startBehindSegments),
    userAgent,
    iceServers,
  };
}

function checkUrl(name: string, value: string, protocols: readonly string[]): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !protocols.includes(url.protocol))
    throw NodePeerError.invalidOption(
      `${name}: not a URL with ${protocols.join(' or ')}//: ${value}`,
    );
  return url.href;
}
