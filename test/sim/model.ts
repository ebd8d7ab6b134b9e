import type { Input } from '@shoal/client-sdk/core';
import {
  type ListedSwarm,
  parseChannelId,
  parseRenditionId,
  type PeerId,
  type SegmentInfo,
  unwrap,
} from '@shoal/protocol';
import type { EventQueue } from './event-queue.ts';

export const CHANNEL = unwrap(parseChannelId('sim'));
export const RENDITION = unwrap(parseRenditionId('source'));

/** The model of one scene. Rates in bytes a second, times in ms. */
export type WorldOptions = {
  readonly random: () => number;
  readonly segmentMs: number;
  readonly segmentBytes: number;
  /** One way, between any two hosts. */
  readonly delayMs: number;
  /** A viewer's rate from the origin. */
  readonly originRate: number;
};

/** How one viewer differs from the others. */
export type ViewerOptions = {
  readonly name: string;
  /** Upload to peers, bytes a second. Default unlimited. */
  readonly uplink?: number;
  readonly shares?: boolean;
  /** Flips a byte in every piece it sends. */
  readonly corrupts?: boolean;
};

/** A finished segment at the origin. */
export type Published = {
  readonly info: SegmentInfo;
  readonly data: Uint8Array;
  readonly at: number;
};

/** What the parts of a viewer see of the world around them. */
export type Surroundings = {
  readonly queue: EventQueue;
  readonly options: WorldOptions;
  readonly segments: readonly Published[];
  /** The live playlist as it is now. */
  readonly playlist: () => { readonly swarm: ListedSwarm; readonly urls: readonly string[] };
  /** Body of a URL of the origin, or undefined for 404. */
  readonly resource: (url: string) => Uint8Array | undefined;
  readonly countServed: (url: string, bytes: number) => void;
};

/** What a link needs of the viewer at its end. */
export type LinkEnd = {
  readonly peer: PeerId | undefined;
  readonly options: ViewerOptions;
  /** When the uplink has sent all that was given to it. */
  uplinkFreeAt: number;
  readonly input: (input: Input) => void;
};
