import type { TokenSource } from './adapters/tracker/token.ts';
import type { ChannelId } from '@shoal/protocol';
import type { UploadSettings } from './core/upload-policy.ts';
import type { EngineName, Integrity, SigningKeys } from './options.ts';

/** Options with their defaults filled in; see {@link ShoalOptions}. */
export type ShoalSettings = {
  readonly tracker: string;
  readonly trackerToken: TokenSource | undefined;
  readonly engine: EngineName;
  readonly integrity: Integrity;
  readonly signingKeys: SigningKeys | undefined;
  readonly channel: ChannelId | undefined;
  readonly p2p: boolean;
  readonly upload: UploadSettings;
  readonly iceServers: readonly RTCIceServer[];
};
