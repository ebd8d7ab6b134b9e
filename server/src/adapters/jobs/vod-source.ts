import { type ChannelId, type RenditionId, type Result } from '@shoal/protocol';
import {
  type Init,
  initPath,
  joinInits,
  MovieJoin,
  ORIGIN_LIMITS,
  readInit,
  renameTrack,
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
  /** The id of the track whose media are files of their own, those of the sound. */
  readonly soundId?: number;
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

  /**
   * The runs that these segments of it are; those that are missing are left out. `picture`: without sound that is a rendition of its
   * own. Default: with it.
   */
  async runs(segments: readonly VodSegment[], of?: 'picture'): Promise<readonly Run[]> {
    const runs: (Run & { readonly segments: VodSegment[] })[] = [];
    let epoch: number | undefined;
    for (const segment of segments) {
      if (!segment.stored) continue;
      if (segment.epoch !== epoch) {
        const next = await this.#begin(segment, of === undefined);
        const last = runs.at(-1);
        const goesOn =
          last !== undefined &&
          last.soundId === next.soundId &&
          sameBytes(last.init.config, next.init.config);
        if (!goesOn) runs.push({ ...next, segments: [] });
        ({ epoch } = segment);
      }
      runs.at(-1)?.segments.push(segment);
    }
    return runs;
  }

  /** A run as one movie, piece by piece: its initialisation section, then its fragments, whose times run on. */
  async *movie({
    init,
    initBytes,
    soundId,
    segments,
  }: Run): AsyncGenerator<Uint8Array, void, undefined> {
    const join = new MovieJoin(init.tracks);
    yield initBytes;
    let before: VodSegment | undefined;
    for (const segment of segments) {
      // Sound first, which is small: ffmpeg has it wait for the picture.
      const files = [
        ...(soundId === undefined ? [] : [await this.#sound(segment, soundId)]),
        await this.segment(segment),
      ];
      const end = before === undefined ? segment.beginMs : before.beginMs + before.durationMs;
      const placed = join.add(files, { epoch: segment.epoch, missingMs: segment.beginMs - end });
      if (!placed.ok) throw new Error(`segment ${segment.msn} cannot be read: ${placed.error}`);
      before = segment;
      yield* files;
    }
  }

  /** Its bytes, which are the caller's; without sound that is a rendition of its own. */
  segment({ epoch, msn, size }: VodSegment): Promise<Uint8Array> {
    const { rendition } = this.#media;
    return this.#read(segmentPath(this.#channel, { rendition, epoch, msn }), size);
  }

  async #sound({ epoch, msn, soundSize = 0 }: VodSegment, id: number): Promise<Uint8Array> {
    const { sound: rendition = this.#media.rendition } = this.#media;
    const path = segmentPath(this.#channel, { rendition, epoch, msn });
    const bytes = await this.#read(path, soundSize);
    const renamed = renameTrack(bytes, id);
    if (!renamed.ok) throw new Error(`sound ${msn} cannot be read: ${renamed.error}`);
    return bytes;
  }

  /** What a run needs that begins with this segment. */
  async #begin(
    { epoch, soundSize }: VodSegment,
    withSound: boolean,
  ): Promise<Omit<Run, 'segments'>> {
    const { rendition, sound } = this.#media;
    const initBytes = await this.#init(rendition, epoch);
    const init = read(epoch, readInit(initBytes));
    // Where there is sound alone, both renditions are of it.
    const whole = init.tracks.some(({ kind }) => kind === 'audio');
    if (!withSound || sound === undefined || soundSize === undefined || whole)
      return { init, initBytes };
    const both = read(epoch, joinInits(initBytes, await this.#init(sound, epoch)));
    const { bytes, soundId } = both;
    return { init: read(epoch, readInit(bytes)), initBytes: bytes, soundId };
  }

  #init(rendition: RenditionId, epoch: number): Promise<Uint8Array> {
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

function read<T>(epoch: number, result: Result<T, string>): T {
  if (!result.ok) throw new Error(`epoch ${epoch} cannot be read: ${result.error}`);
  return result.value;
}
