import { parseChannelId } from '@shoal/protocol';
import { composeShoal } from './compose.ts';
import { ShoalError } from './errors.ts';
import type { ShoalSettings } from './settings.ts';
import type { Shoal } from './shoal.ts';
import { signingKeysProblem } from './signing-keys.ts';
import type { ShoalOptions } from './options.ts';
import { readUpload } from './upload-options.ts';

/**
 * Makes the link between one hls.js player and the swarm. Where P2P is not possible it resolves all
 * the same, to a plain HLS player with a warning; it rejects only with a {@link ShoalError}, for
 * options that make no sense.
 */
export async function createShoal(options: ShoalOptions): Promise<Shoal> {
  return composeShoal(checkOptions(options));
}

/** Fills in the defaults; throws {@link ShoalError} `invalid-option`. */
function checkOptions(options: ShoalOptions): ShoalSettings {
  const { tracker, engine = 'shoal', upload = true } = options;
  // Parsed rather than left to WebSocket, whose own error would come only after P2P was switched on.
  const url = URL.canParse(tracker) ? new URL(tracker) : undefined;
  if (url?.protocol !== 'ws:' && url?.protocol !== 'wss:')
    throw ShoalError.invalidOption(`tracker: not a ws:// or wss:// URL: ${tracker}`);
  if (!['shoal', 'p2p-media-loader'].includes(engine))
    throw ShoalError.invalidOption(`engine: unknown: ${engine}`);
  const { integrity = 'verified' } = options;
  if (!['verified', 'none'].includes(integrity))
    throw ShoalError.invalidOption(`integrity: unknown: ${integrity}`);
  const channel = options.channel === undefined ? undefined : parseChannelId(options.channel);
  if (channel?.ok === false) throw ShoalError.invalidOption(`channel: ${channel.error}`);
  const { signingKeys } = options;
  const wrong = signingKeysProblem(signingKeys);
  if (wrong !== undefined) throw ShoalError.invalidOption(`signingKeys: ${wrong}`);
  const rules = readUpload(upload);
  if (!rules.ok) throw ShoalError.invalidOption(rules.error);
  return {
    tracker: url.href,
    trackerToken: options.trackerToken,
    engine,
    integrity,
    signingKeys,
    channel: channel?.value,
    p2p: options.p2p ?? true,
    upload: rules.value,
    iceServers: options.iceServers ?? [],
  };
}
