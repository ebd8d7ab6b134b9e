import { type ChannelId } from '@shoal/protocol';
import {
  type Init,
  initPath,
  MovieJoin,
  ORIGIN_LIMITS,
  readInit,
  sameBytes,
  segmentPath,
  type SegmentStore,
  type VodMedia,
  type VodSegment,
} from '../../core/index.ts';

/** Segments that can be in one movie: they have the same tracks, codecs and picture size. */
export type Run = {
  readonly init: Init;
  readonly initBytes: Uint8Array;
  /** Those that are stored, at least one, in order. */
  readonly segments: readonly VodSegment[];
};

/** The media of a broadcast that is over, as jobs read them from the store. */
export class VodSource {
  readonly #channel: ChannelId;
  readonly #store: SegmentStore;
  readonly #media: VodMedia;
  readonly #onRead: () => void;

  /** `onRead`: told of every file that was read. */
  constructor(of: {
    readonly channel: ChannelId;
    readonly store: SegmentStore;
    readonly media: VodMedia;
    readonly onRead: () => void;
  }) {
    this.#channel = of.channel;
    this.#store = of.store;
    this.#media = of.media;
    this.#onRead = of.onRead;
  }

  /** The runs that these segments of it are; those that are missing are left out. */
  async runs(segments: readonly VodSegment[]): Promise<readonly Run[]> {
    const runs: (Run & { readonly segments: VodSegment[] })[] = [];
    let epoch: number | undefined;
    for (const segment of segments) {
      if (!segment.stored) continue;
      if (segment.epoch !== epoch) {
        const initBytes = await this.#init(segment.epoch);
        const init = readInit(initBytes);
        if (!init.ok) throw new Error(`epoch ${segment.epoch} cannot be read: ${init.error}`);
        const last = runs.at(-1);
        if (last === undefined || !sameBytes(last.init.config, init.value.config))
          runs.push({ init: init.value, initBytes, segments: [] });
        ({ epoch } = segment);
      }
      runs.at(-1)?.segments.push(segment);
    }
    return runs;
  }

  /** A run as one movie, piece by piece: its initialisation section, then its fragments, whose times run on. */
  async *movie({ init, initBytes, segments }: Run): AsyncGenerator<Uint8Array, void, undefined> {
    const join = new MovieJoin(init.tracks);
    yield initBytes;
    let before: VodSegment | undefined;
    for (const segment of segments) {
      const bytes = await this.segment(segment);
      const end = before === undefined ? segment.beginMs : before.beginMs + before.durationMs;
      const placed = join.add(bytes, { epoch: segment.epoch, missingMs: segment.beginMs - end });
      if (!placed.ok) throw new Error(`segment ${segment.msn} cannot be read: ${placed.error}`);
      before = segment;
      yield bytes;
    }
  }

  /** Its bytes, which are the caller's. */
  segment({ epoch, msn, size }: VodSegment): Promise<Uint8Array> {
    const { rendition } = this.#media;
    return this.#read(segmentPath(this.#channel, { rendition, epoch, msn }), size);
  }

  #init(epoch: number): Promise<Uint8Array> {
    const { rendition } = this.#media;
    return this.#read(initPath(this.#channel, { rendition, epoch }), ORIGIN_LIMITS.initBytes);
  }

  async #read(path: string, maxBytes: number): Promise<Uint8Array> {
    const file = await this.#store.open(path);
    if (file === undefined) throw new Error(`${path} is not in the store any more`);
    if (file.size > maxBytes) throw new Error(`${path} is larger than it was`);
    const bytes = new Uint8Array(file.size);
    let at = 0;
    for await (const chunk of file.read(0, file.size)) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    this.#onRead();
    return bytes;
  }
}
