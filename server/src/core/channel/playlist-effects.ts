import { type ChannelId, type RenditionId } from '@shoal/protocol';
import { playlistPath } from './live-paths.ts';
import { type Awaited, type ChannelEffect } from './messages.ts';
import { type Timeline } from './timeline.ts';

/** Of what there are playlists. */
export type Listed = {
  readonly channel: ChannelId;
  /** The source first. */
  readonly renditions: readonly RenditionId[];
  /** Whether nothing will follow. */
  readonly ended: boolean;
};

/** What is served as playlists from now on: the media playlist of each rendition, and the one that lists them. */
export function playlistEffects(timeline: Timeline, of: Listed): readonly ChannelEffect[] {
  const ordinary = effectsOf(timeline, of, (rendition) => {
    const text = timeline.playlist(rendition, of.ended);
    return text === undefined ? undefined : { text };
  });
  return timeline.hasParts ? [...ordinary, ...lowLatencyEffects(timeline, of)] : ordinary;
}

/** The same of low latency, which change with every part. */
export function lowLatencyEffects(timeline: Timeline, of: Listed): readonly ChannelEffect[] {
  return effectsOf(timeline, { ...of, name: 'll' }, (rendition) => {
    const made = timeline.lowLatency(rendition, of.renditions, of.ended);
    if (made === undefined) return undefined;
    const { text, delta, reach } = made;
    return { text, awaited: { delta, reach } };
  });
}

function effectsOf(
  timeline: Timeline,
  { channel, renditions, name }: Listed & { readonly name?: 'll' },
  make: (
    rendition: RenditionId,
  ) => { readonly text: string; readonly awaited?: Awaited } | undefined,
): readonly ChannelEffect[] {
  const made = renditions.map((rendition) => ({ rendition, list: make(rendition) }));
  const any = made.some(({ list }) => list !== undefined);
  const text = any ? timeline.multivariant(name) : undefined;
  return [
    ...made.map(({ rendition, list }): ChannelEffect => ({
      ...{ type: 'playlist', path: playlistPath(channel, rendition, name), text: undefined },
      ...list,
    })),
    { type: 'playlist', path: playlistPath(channel, undefined, name), text },
  ];
}
