import type { ChannelId, RenditionId } from '@shoal/protocol';

/** Who watches a channel, as far as this tracker knows. */
export type ChannelStatus = {
  readonly channel: ChannelId;
  /** Viewers of both dialects. */
  readonly viewers: number;
  /** Viewers of the Shoal dialect, and those of them that upload. */
  readonly shoal: number;
  readonly sharing: number;
  /** Connections of the WebTorrent dialect whose tracker URL names this channel (`?channel=…`). */
  readonly webTorrent: number;
  /** Viewers by rendition, and those of them that may own stripes. */
  readonly renditions: readonly {
    readonly rendition: RenditionId;
    readonly viewers: number;
    readonly holders: number;
  }[];
  /** Introductions made and segments announced since the channel's first viewer came. */
  readonly introductions: number;
  readonly segments: number;
};

/** The tracker as a whole. */
export type TrackerTotals = {
  readonly connections: number;
  readonly channels: number;
  readonly swarms: number;
};
