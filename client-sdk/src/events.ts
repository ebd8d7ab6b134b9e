import type { SegmentId } from '@shoal/protocol';
import type { UploadState } from './upload-state.ts';

/** Something did not work, and plain HLS goes on. Codes are never reused. */
export type ShoalWarning = {
  readonly code:
    | 'webrtc-unsupported'
    | 'tracker-unreachable'
    | 'tracker-refused'
    | 'engine-load-failed'
    | 'engine-failed'
    | 'corrupt-peer'
    | 'corrupt-origin'
    | SigningWarningCode;
  /** For a developer's console. */
  readonly message: string;
  readonly cause?: unknown;
};

/** What may be wrong where {@link ShoalOptions.signingKeys} are given. */
export type SigningWarningCode =
  'signing-unsupported' | 'signing-keys-failed' | 'signature-invalid';

/** A segment that was handed to the player. */
export type SegmentLoaded = {
  readonly id: SegmentId;
  /** Bytes. */
  readonly size: number;
  readonly httpBytes: number;
  readonly p2pBytes: number;
  /** From the player's request to delivery. */
  readonly waitedMs: number;
};

/** The events of {@link Shoal} and what their listeners get. */
export type ShoalEvents = {
  readonly warning: ShoalWarning;
  readonly segment: SegmentLoaded;
  /** The number of connected neighbours changed. */
  readonly peers: { readonly connected: number };
  readonly tracker: { readonly state: TrackerState };
  readonly p2p: { readonly enabled: boolean };
  /** The device is short of CPU: the viewer has left the swarm for a while and plays plain HLS, or has come back. */
  readonly rest: { readonly resting: boolean };
  /** Uploading was stopped, reduced or allowed again, by whomever; see {@link ShoalStats}. */
  readonly upload: UploadState;
};

/** Where the connection to the tracker stands. */
export type TrackerState = 'off' | 'connecting' | 'connected';
