import type { SegmentId } from '../segment.ts';

/** What a byte at the head of a data-channel frame says the rest is (PEER-2). Numbers are never reused. */
export const FRAME = {
  hello: 1,
  have: 2,
  pieces: 3,
  request: 4,
  piece: 5,
  reject: 6,
  cancel: 7,
  digestsRequest: 8,
  digests: 9,
  fetching: 10,
  bye: 11,
  claim: 12,
  sharing: 13,
} as const;

/** Why a request was not served (PEER-7). */
export const REJECT = { absent: 1, busy: 2, notSharing: 3 } as const;
export type RejectReason = (typeof REJECT)[keyof typeof REJECT];

/** Why a neighbour closes (PEER-9). */
export const BYE = {
  leaving: 1,
  notUseful: 2,
  violation: 3,
  corrupt: 4,
  incompatible: 5,
  replaced: 6,
} as const;
export type ByeReason = (typeof BYE)[keyof typeof BYE];

/** Everything that neighbours say to each other. */
export type PeerMessage =
  /** First frame of each side. `shares`: whether it will upload at all. */
  | { readonly type: 'hello'; readonly version: number; readonly shares: boolean }
  /** Which pieces of a segment the sender holds verified: bit i of byte i>>3, most significant first. Replaces what it said before. */
  | {
      readonly type: 'have';
      readonly segment: SegmentId;
      readonly pieces: number;
      readonly bitmap: Uint8Array;
    }
  /** Pieces the sender has verified since its last message about the segment. */
  | { readonly type: 'pieces'; readonly segment: SegmentId; readonly indexes: readonly number[] }
  /** Asks for `count` pieces from `index` on. */
  | {
      readonly type: 'request';
      readonly segment: SegmentId;
      readonly index: number;
      readonly count: number;
    }
  | {
      readonly type: 'piece';
      readonly segment: SegmentId;
      readonly index: number;
      readonly payload: Uint8Array;
    }
  | {
      readonly type: 'reject';
      readonly segment: SegmentId;
      readonly index: number;
      readonly reason: RejectReason;
    }
  /** Takes a request, or part of one, back. */
  | {
      readonly type: 'cancel';
      readonly segment: SegmentId;
      readonly index: number;
      readonly count: number;
    }
  | { readonly type: 'digests-request'; readonly segment: SegmentId }
  | { readonly type: 'digests'; readonly segment: SegmentId; readonly list: Uint8Array }
  /** Answers `digests-request` for a segment whose playlist says neither size nor root: what the sender takes it to be (SWM-34). */
  | {
      readonly type: 'claim';
      readonly segment: SegmentId;
      /** Bytes. */
      readonly size: number;
      readonly list: Uint8Array;
    }
  /** The sender is getting pieces `[from, to)` from the origin; neighbours may wait for it instead of doing the same. */
  | {
      readonly type: 'fetching';
      readonly segment: SegmentId;
      readonly from: number;
      readonly to: number;
    }
  /** The sender has stopped uploading, or begins again: what it said that it held is forgotten. */
  | { readonly type: 'sharing'; readonly shares: boolean }
  | { readonly type: 'bye'; readonly reason: ByeReason };
