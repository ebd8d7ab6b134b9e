import type { Input } from '@shoal/client-sdk/core';
import {
  type ListedSwarm,
  parseChannelId,
  parseRenditionId,
  type PeerId,
  type SegmentInfo,
  type Sha256,
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
  /** A viewer's rate from the origin at most. */
  readonly originRate: number;
  /** What the origin can send in all, shared among the responses under way. Default unlimited. */
  readonly originTotal?: number;
  /** How much faster a player goes while it is further behind the edge than it should be. Default 1. */
  readonly catchUpRate?: number;
  /** Playlists without digests, no events to the tracker: viewers share all the same. */
  readonly plain?: boolean;
  /** Viewers that share a process: how many processes there are, and what a frame takes of one. Default: no time. */
  readonly processes?: { readonly count: number; readonly frameMs: number };
  /** Look into every engine; costs memory for each segment and viewer. */
  readonly watched?: boolean;
  /** Cheap digests and one copy of each segment for all viewers: for large crowds without liars. */
  readonly light?: boolean;
};

/** How a liar falsifies pieces: one bit turned, or the bytes of another video with its digest list. */
type Pollution = 'bits' | 'foreign';

/**
 * What stands between a viewer and the others: nothing that matters, a NAT with a port mapping for
 * each destination (no connection between two such), or no UDP at all.
 */
export type Nat = 'open' | 'symmetric' | 'blocked';

/** How one viewer differs from the others. */
export type ViewerOptions = {
  readonly name: string;
  /** Upload to peers, bytes a second. Default unlimited. */
  readonly uplink?: number;
  /** What the engine itself keeps its uploads to, bytes a second. Default unlimited. */
  readonly uploadLimit?: number;
  /** From peers and origin together, bytes a second. Default unlimited. */
  readonly downlink?: number;
  readonly shares?: boolean;
  readonly pollutes?: Pollution;
  /** Packets lost on the way to it from peers, 0 to 1. Default none. */
  readonly loss?: number;
  readonly nat?: Nat;
};

/** A finished segment at the origin. */
export type Published = {
  readonly info: SegmentInfo;
  readonly data: Uint8Array;
  readonly digests: Uint8Array;
  readonly at: number;
};

/** What the parts of a viewer see of the world around them. */
export type Surroundings = {
  readonly queue: EventQueue;
  readonly options: WorldOptions;
  readonly sha256: Sha256;
  readonly segments: readonly Published[];
  /** The live playlist as it is now. */
  readonly playlist: () => { readonly swarm: ListedSwarm; readonly urls: readonly string[] };
  /** Body of a URL of the origin, or undefined for 404. */
  readonly resource: (url: string) => Uint8Array | undefined;
  /** A response begins (1) or ends (-1); returns how many there are. */
  readonly countResponse: (change: 1 | -1 | 0) => number;
  /** How many viewers have come. */
  readonly countViewers: () => number;
  /** Takes a turn in the process of the viewer of that number; when a frame that comes now is through. */
  readonly turn: (viewer: number) => number;
  readonly countServed: (url: string, bytes: number, to: { readonly firstMsn?: number }) => void;
};

/** What a link needs of the viewer at its end. */
export type LinkEnd = {
  readonly peer: PeerId | undefined;
  readonly options: ViewerOptions;
  /** When the uplink has sent all that was given to it. */
  uplinkFreeAt: number;
  /** Passes bytes through the downlink; when they have arrived. */
  readonly receive: (bytes: number, at: number) => number;
  /** Takes its turn in a process that it shares; when a frame that comes now is through. */
  readonly turn: () => number;
  readonly input: (input: Input) => void;
};
