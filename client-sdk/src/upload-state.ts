import type { UploadReason } from './core/upload-policy.ts';

/**
 * What this viewer uploads. Reasons: `p2p` P2P is off or not possible, `user` the switch is off, `spent` so is the byte
 * budget, `metered`, `battery` and `hidden` by the rules of `UploadOptions`.
 */
export type UploadState =
  | {
      readonly state: 'on';
      /** The cap; undefined for none. */ readonly maxKbps: number | undefined;
    }
  | { readonly state: 'reduced'; readonly reason: UploadReason; readonly maxKbps: number }
  | { readonly state: 'off'; readonly reason: UploadReason };

export type { UploadReason };
