import { healthWithout } from '@shoal/server/core';
import { playbackInfo } from '../../../server/src/adapters/http/playback-info.ts';
import { type ChannelReport } from '../../../server/src/adapters/http/channel-report.ts';
import { channelId } from '../../support/builders.ts';

/** What an origin tells of a channel where there is nothing to tell. */
export function emptyReport(): ChannelReport {
  const has = { lowLatency: false, dvr: false, keys: [] };
  return {
    delivery: [],
    recordings: [],
    jobs: [],
    health: healthWithout(false),
    playback: playbackInfo(channelId(), has),
  };
}
