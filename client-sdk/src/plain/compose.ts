import type { ChannelId, Sha256 } from '@shoal/protocol';
import { PlainListing } from '../adapters/playlist/plain-listing.ts';
import { plainSharing } from '../core/plain-sharing.ts';
import type { PlainSharing } from '../core/swarm-state.ts';

/** What a player needs to share what no digest vouches for. Loaded only where the site says so: most do not. */
export type PlainParts = { readonly listing: PlainListing; readonly sharing: PlainSharing };

export function plainParts(options: {
  readonly channel: ChannelId | undefined;
  readonly sha256: Sha256;
}): PlainParts {
  return { listing: new PlainListing(options), sharing: plainSharing };
}
