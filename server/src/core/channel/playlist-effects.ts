import { type ChannelId, type RenditionId } from '@shoal/protocol';
import { playlistPath } from './live-paths.ts';
import { type ChannelEffect } from './messages.ts';
import { type Timeline } from './timeline.ts';

/** What is served as playlists from now on: the media playlist of each rendition, and the one that lists them. */
export function playlistEffects(
  timeline: Timeline,
  of: {
    readonly channel: ChannelId;
    /** The source first. */
    readonly renditions: readonly RenditionId[];
    /** Whether nothing will follow. */
    readonly ended: boolean;
  },
): readonly ChannelEffect[] {
  const { channel, renditions, ended } = of;
  const effects: ChannelEffect[] = [];
  let any = false;
  for (const rendition of renditions) {
    const text = timeline.playlist(rendition, ended);
    any ||= text !== undefined;
    effects.push({ type: 'playlist', path: playlistPath(channel, rendition), text });
  }
  const text = any ? timeline.multivariant() : undefined;
  effects.push({ type: 'playlist', path: playlistPath(channel), text });
  if (timeline.hasParts) effects.push(...lowLatencyEffects(timeline, of));
  return effects;
}

/** The same of low latency, which change with every part. */
export function lowLatencyEffects(
  timeline: Timeline,
  of: Parameters<typeof playlistEffects>[1],
): readonly ChannelEffect[] {
  const { channel, renditions, ended } = of;
  const effects: ChannelEffect[] = [];
  let any = false;
  for (const rendition of renditions) {
    const made = timeline.lowLatency(rendition, renditions, ended);
    any ||= made !== undefined;
    const path = playlistPath(channel, rendition, 'll');
    if (made === undefined) effects.push({ type: 'playlist', path, text: undefined });
    else {
      const { text, delta, reach } = made;
      effects.push({ type: 'playlist', path, text, awaited: { delta, reach } });
    }
  }
  const text = any ? timeline.multivariant('ll') : undefined;
  effects.push({ type: 'playlist', path: playlistPath(channel, undefined, 'll'), text });
  return effects;
}
