import { type ChannelId, type LivePath } from '@shoal/protocol';
import { type LiveObject, ORIGIN_LIMITS } from '../../core/index.ts';

/** A playlist as it is now; undefined where there is none. */
export type WantedList = { readonly path: string; readonly list: LiveObject | undefined };

type Wanted = { readonly channel: ChannelId; until: number; list: LiveObject | undefined };

/**
 * Playlists that are made on demand, and mirrored for as long as somebody asks for them. They are looked at with each beat, which is
 * as often as a segment may come.
 */
export class WantedLists {
  readonly #now: () => number;
  readonly #make: (path: string) => LiveObject | undefined;
  readonly #wanted = new Map<string, Wanted>();

  constructor(ports: {
    readonly now: () => number;
    readonly onDemand: (path: string) => LiveObject | undefined;
  }) {
    this.#now = ports.now;
    this.#make = ports.onDemand;
  }

  /** Somebody wants a playlist: the playlist as it is now; undefined for what is not made on demand, or for one too many. */
  want(live: LivePath, path: string): WantedList | undefined {
    if (live.type !== 'playlist' && live.type !== 'multivariant') return undefined;
    if (live.recording !== 'dvr') return undefined;
    const { channel } = live;
    const list = this.#make(path);
    const others = [...this.#wanted].filter(
      ([of, known]) => of !== path && known.channel === channel,
    );
    if (list === undefined || others.length >= ORIGIN_LIMITS.mirrorWanted)
      return { path, list: undefined };
    this.#wanted.set(path, { channel, until: this.#now() + ORIGIN_LIMITS.mirrorWantedMs, list });
    return { path, list };
  }

  /** Those of a channel that are others now, or that nobody wants any more. */
  changed(channel: ChannelId, now: number): readonly WantedList[] {
    const changed: WantedList[] = [];
    for (const [path, wanted] of this.#wanted) {
      if (wanted.channel !== channel) continue;
      const list = now < wanted.until ? this.#make(path) : undefined;
      if (list === undefined) this.#wanted.delete(path);
      else if (list.etag === wanted.list?.etag) continue;
      wanted.list = list;
      changed.push({ path, list });
    }
    return changed;
  }
}
