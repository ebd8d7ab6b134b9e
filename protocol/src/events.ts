import type { ChannelId } from './ids.ts';
import type { SegmentInfo } from './segment.ts';

/** What the origin tells the rest of the system (EVT rules). Times are Unix milliseconds. */
export type OriginEvent =
  | {
      /** EVT-1: a segment is complete and can be fetched; sent before any playlist lists it. */
      readonly type: 'segment.ready';
      readonly channel: ChannelId;
      readonly segment: SegmentInfo;
      readonly at: number;
    }
  | {
      /** EVT-2: a publisher was accepted (online), lost (interrupted) or is gone for good (offline). */
      readonly type: 'stream.online' | 'stream.interrupted' | 'stream.offline';
      readonly channel: ChannelId;
      readonly at: number;
    };

/** The bus between services: in memory in one process, Redis across processes. */
export type Bus = {
  readonly publish: (event: OriginEvent) => void;
  /** Calls `listener` for every event from now on; returns its undo. */
  readonly subscribe: (listener: (event: OriginEvent) => void) => () => void;
};
