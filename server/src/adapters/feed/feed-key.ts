import { type FeedId } from '../../core/index.ts';

/** A feed as a key of maps. */
export function feedKey({ channel, audience }: FeedId): string {
  return `${audience}/${channel}`;
}
