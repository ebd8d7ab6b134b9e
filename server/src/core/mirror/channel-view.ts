import { type LiveObject } from '../ports.ts';
import {
  type ChannelAbout,
  type MirroredList,
  type MirrorMessage,
  type Place,
} from './messages.ts';

/** All that is known of a channel's playlists at one place in their order. */
export type ViewSnapshot = Place & {
  readonly about: ChannelAbout;
  readonly lists: ReadonlyMap<string, MirroredList>;
};

/** What a message did: changed these playlists, nothing, or showed that one was missed. */
export type Heard = { readonly type: 'changed'; readonly paths: readonly string[] } | 'missed';

const NOTHING: Heard = { type: 'changed', paths: [] };

/** The playlists of a channel as another process tells them, none of them older than one that was seen before. */
export class ChannelView {
  readonly #lists = new Map<string, MirroredList>();
  #at: Place;
  #about: ChannelAbout;

  constructor(snapshot: ViewSnapshot) {
    this.#at = snapshot;
    this.#about = snapshot.about;
    for (const [path, list] of snapshot.lists) this.#lists.set(path, list);
  }

  get about(): ChannelAbout {
    return this.#about;
  }

  /** Undefined where there never was one. */
  list(path: string): MirroredList | undefined {
    return this.#lists.get(path);
  }

  /** Puts a large playlist that was read apart in the place of its mark, if that is still the one. */
  keep(path: string, mark: MirroredList, object: LiveObject): void {
    if (this.#lists.get(path) === mark) this.#lists.set(path, { type: 'here', object });
  }

  /** Takes over what was read anew; the paths of what is another one now. */
  replace(snapshot: ViewSnapshot): readonly string[] {
    const { run, seq, about, lists } = snapshot;
    // What was heard meanwhile is newer.
    if (run === this.#at.run && seq < this.#at.seq) return [];
    const changed: string[] = [];
    for (const [path, list] of lists) if (this.#put(path, list)) changed.push(path);
    for (const path of this.#lists.keys())
      if (!lists.has(path) && this.#put(path, { type: 'gone' })) changed.push(path);
    this.#at = { run, seq };
    this.#about = about;
    return changed;
  }

  /** Takes in a message. After one that was missed everything is to be read anew. */
  hear(message: MirrorMessage): Heard {
    const { run, seq } = this.#at;
    if (message.run !== run) return 'missed';
    if (message.type === 'beat') return message.seq > seq ? 'missed' : NOTHING;
    if (message.seq <= seq) return NOTHING;
    if (message.seq > seq + 1) return 'missed';
    this.#at = { run, seq: message.seq };
    if (message.type === 'about') {
      this.#about = message.about;
      return NOTHING;
    }
    this.#put(message.path, message.list);
    return { type: 'changed', paths: [message.path] };
  }

  /** Whether it is another one than before. */
  #put(path: string, list: MirroredList): boolean {
    const before = this.#lists.get(path);
    this.#lists.set(path, list);
    if (list.type === 'here')
      return before?.type !== 'here' || before.object.etag !== list.object.etag;
    return list.type === 'large' || before?.type === 'here';
  }
}
