import { type WindowSegment } from '../hls/segment-window.ts';
import { type RenditionKind } from './timeline.ts';

/** Bytes under the path of the URL that serves them. */
export type MadeFile = { readonly path: string; readonly bytes: Uint8Array };

/** A segment that a channel has made, in all its renditions, for whoever keeps it. */
export type MadeSegment = {
  readonly segment: WindowSegment;
  /** Its media and digest lists. */
  readonly files: readonly MadeFile[];
  /** Initialisation sections, with the first segment of an epoch. */
  readonly inits: readonly MadeFile[];
  readonly renditions: readonly RenditionKind[];
  /** Seconds. */
  readonly targetDuration: number;
};
