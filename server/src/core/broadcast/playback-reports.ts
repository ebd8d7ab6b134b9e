import { type ChannelId } from '@shoal/protocol';
import { type PlaybackShare } from './health.ts';
import { BROADCAST_LIMITS } from './limits.ts';

/** How often playback stopped or failed since the viewer said so last. */
export type PlaybackReport = { readonly stalls: number; readonly errors: number };

type Said = { readonly at: number; /** When it last had trouble. */ readonly troubledAt: number };

/**
 * How playback goes, as viewers say (HLT-2): each connection is one viewer, however often it says something, and counts for a minute
 * after it has. Who is there in numbers that are not remembered is not counted.
 */
export class PlaybackReports {
  readonly #channels = new Map<ChannelId, Map<object, Said>>();

  /** Takes what a viewer says; `viewer` is its connection. */
  take(
    channel: ChannelId,
    of: { readonly viewer: object; readonly report: PlaybackReport },
    now: number,
  ): void {
    const { viewer, report } = of;
    const said = this.#channels.get(channel) ?? new Map<object, Said>();
    if (!this.#channels.has(channel)) {
      if (this.#channels.size >= BROADCAST_LIMITS.playbackChannels) this.#sweep(now);
      if (this.#channels.size >= BROADCAST_LIMITS.playbackChannels) return;
      this.#channels.set(channel, said);
    }
    const before = said.get(viewer);
    if (before === undefined && said.size >= BROADCAST_LIMITS.playbackViewers) {
      forget(said, now);
      if (said.size >= BROADCAST_LIMITS.playbackViewers) return;
    }
    const troubled = report.stalls > 0 || report.errors > 0;
    said.set(viewer, { at: now, troubledAt: troubled ? now : (before?.troubledAt ?? -Infinity) });
  }

  /** How it goes for those that said something in the last minute. */
  share(channel: ChannelId, now: number): PlaybackShare {
    const said = this.#channels.get(channel);
    if (said === undefined) return { viewers: 0, troubled: 0 };
    forget(said, now);
    if (said.size === 0) this.#channels.delete(channel);
    const since = now - BROADCAST_LIMITS.playbackMs;
    const troubled = [...said.values()].filter(({ troubledAt }) => troubledAt > since).length;
    return { viewers: said.size, troubled };
  }

  #sweep(now: number): void {
    for (const [channel, said] of this.#channels) {
      forget(said, now);
      if (said.size === 0) this.#channels.delete(channel);
    }
  }
}

function forget(said: Map<object, Said>, now: number): void {
  for (const [viewer, { at }] of said)
    if (at <= now - BROADCAST_LIMITS.playbackMs) said.delete(viewer);
}
