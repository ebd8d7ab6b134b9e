import { type ChannelId } from '@shoal/protocol';
import { type SegmentStore, type VodMedia } from '../../core/index.ts';
import { type VodSource } from './vod-source.ts';

/** All that making something of a broadcast needs. */
export type JobWork = {
  readonly channel: ChannelId;
  readonly broadcast: number;
  readonly media: VodMedia;
  readonly source: VodSource;
  readonly store: SegmentStore;
  readonly ffmpegPath: string;
  /** Folder for files that are not whole yet. */
  readonly temp: string;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Told how much is done, 0 to 1. */
  readonly onProgress: (fraction: number) => void;
  /** Told that it goes on, where that is all there is to tell. */
  readonly onAlive: () => void;
};
