import { type RenditionId } from '@shoal/protocol';
import { DeliveryAccounting } from '../delivery/accounting.ts';
import { SOUND, SOURCE } from '../encoder/ladder.ts';
import { type CutPart, type CutSegment, ROUNDING_MS } from '../fmp4/cut.ts';
import { type WindowSegment } from '../hls/segment-window.ts';
import { ORIGIN_LIMITS } from '../limits.ts';
import { type ChannelState } from './channel-state.ts';
import { type Epoch } from './encoder-epochs.ts';
import { type Layout } from './encoder-plan.ts';
import { type ChannelEffect, type ChannelOptions } from './messages.ts';
import { type Listed, lowLatencyEffects, playlistEffects } from './playlist-effects.ts';
import { initPath } from './live-paths.ts';
import { type MadeSegment } from './made-segment.ts';
import { evictParts, evictSegment, storePart, storeSegment } from './segment-effects.ts';
import { type EpochMedia, Timeline } from './timeline.ts';

/** The longest target duration; a first group of pictures longer than this is cut without a key frame. */
const MAX_TARGET_SECONDS = 10;

type Place = Omit<Parameters<typeof storePart>[0], 'cut' | 'index'>;

/** What viewers get of a channel: its segments and parts where they belong, and the playlists that list them. */
export class ChannelOutput {
  readonly timeline: Timeline;
  readonly delivery: DeliveryAccounting;
  /** What this broadcast has beside the source; undefined until its first encoder. */
  layout: Layout | undefined;
  readonly #options: ChannelOptions;
  #dropped: WindowSegment[] = [];
  /** The epoch of the newest segment. */
  #madeEpoch: number | undefined;

  constructor(options: ChannelOptions, restored: ChannelState) {
    this.#options = options;
    const { channel, segmentMs, partMs, ladder } = options;
    const segments = ORIGIN_LIMITS.deliverySegments * (2 + ladder.length);
    this.delivery = new DeliveryAccounting({ segments });
    this.timeline = new Timeline(
      {
        channel,
        segmentMs,
        ...(partMs !== undefined && { partMs }),
        window: {
          listed: options.listedSegments,
          kept: options.keptSegments,
          maxBytes: ORIGIN_LIMITS.channelBytes,
        },
      },
      restored,
    );
    const before = restored.open ? restored.rungs : undefined;
    const rungs = before && ladder.filter(({ name }) => before.includes(name));
    this.layout = rungs && { rungs, soundApart: before.includes(SOUND) };
  }

  /** What a restart must know of it. */
  get state(): Omit<ChannelState, 'lastEpoch' | 'open'> {
    return {
      ...this.timeline.numbers,
      ...(this.layout !== undefined && { rungs: this.#names().slice(1) }),
    };
  }

  /** No segment is longer. */
  limitMs(): number {
    return (this.timeline.targetDuration ?? MAX_TARGET_SECONDS) * 1000 + ROUNDING_MS;
  }

  /** Whether what this encoder writes has a place. */
  takes(record: Epoch): boolean {
    const { init, mediaAt, doomed, epoch } = record;
    // The tail of an encoder that was overtaken by its successor has none any more.
    return init !== undefined && mediaAt !== undefined && !doomed && this.timeline.continues(epoch);
  }

  /** Gives a part its place; nothing where it has none. */
  part(record: Epoch, cut: CutPart): readonly ChannelEffect[] {
    const media = this.#mediaOf(record);
    // One that is too long for a segment is of none.
    const fits = cut.durationMs > 0 && cut.durationMs <= this.limitMs();
    if (media === undefined || !fits) return [];
    const names = this.#names();
    const index = this.timeline.addPart(cut, names, media);
    const effects = storePart({ ...this.#place(record, names), cut, index });
    this.#stored(record);
    return effects;
  }

  /** Gives a segment its place; nothing where it has none. */
  segment(record: Epoch, cut: CutSegment, now: number): readonly ChannelEffect[] {
    const media = this.#mediaOf(record);
    if (media === undefined) return [];
    const tail = cut.tail?.flatMap((part) => this.part(record, part)) ?? [];
    const { sha256, sign } = this.#options;
    const place = this.#place(record, this.#names());
    const { infos, effects } = storeSegment({ ...place, cut, sha256, sign, now });
    this.#stored(record);
    this.#dropped.push(...this.timeline.add(infos, cut, media));
    for (const info of infos) this.delivery.ready(info, now);
    const made = this.#made(effects, place);
    const all = [...tail, ...effects];
    return made === undefined ? all : [...all, { type: 'segment', made }];
  }

  /** The newest segment, and what was stored of it, for whoever keeps it. */
  #made(
    stored: readonly ChannelEffect[],
    { epoch, msn, names, inits }: Place,
  ): MadeSegment | undefined {
    const { newest, targetDuration } = this.timeline;
    if (newest === undefined || targetDuration === undefined) return undefined;
    const files = stored.flatMap((effect) => {
      const fits = effect.type === 'store' && effect.kind !== 'init';
      return fits ? [{ path: effect.path, bytes: effect.bytes }] : [];
    });
    // Where parts are listed the first of them was stored with these, which are the epoch's all the same.
    const first = epoch !== this.#madeEpoch;
    this.#madeEpoch = epoch;
    const { channel } = this.#options;
    const initFiles = names.flatMap((rendition, i) => {
      const bytes = inits[i]?.bytes;
      if (!first || bytes === undefined) return [];
      return [{ path: initPath(channel, { rendition, epoch }), bytes }];
    });
    const { infos, programDateTimeMs, discontinuity, independent } = newest;
    const segment = { epoch, msn, infos, programDateTimeMs, discontinuity, independent };
    const renditions = this.timeline.kinds();
    return { segment, files, inits: initFiles, renditions, targetDuration };
  }

  /** Takes away what the last segments have pushed out, after the playlists that no longer list it. */
  evictions(): readonly ChannelEffect[] {
    const { channel } = this.#options;
    const dropped = this.#dropped;
    this.#dropped = [];
    return [
      ...dropped.flatMap(({ infos, epoch }) =>
        evictSegment(channel, infos, this.timeline.keeps(epoch)),
      ),
      ...this.timeline.takeParts().flatMap((old) => evictParts(channel, old)),
    ];
  }

  /** All playlists as they are now; `ended`: nothing will follow. */
  playlists(ended: boolean): readonly ChannelEffect[] {
    return playlistEffects(this.timeline, this.#listed(ended));
  }

  /** Those that a part changes. */
  lowLatencyPlaylists(ended: boolean): readonly ChannelEffect[] {
    return lowLatencyEffects(this.timeline, this.#listed(ended));
  }

  #listed(ended: boolean): Listed {
    return { channel: this.#options.channel, renditions: this.#names(), ended };
  }

  #mediaOf(record: Epoch): EpochMedia | undefined {
    const { init, mediaAt, epoch } = record;
    if (init === undefined || mediaAt === undefined || !this.takes(record)) return undefined;
    return { epoch, mediaAt, tracks: init.renditions.map(({ tracks }) => tracks) };
  }

  #place({ epoch, init }: Epoch, names: readonly RenditionId[]): Place {
    const { channel } = this.#options;
    const [inits, first] = [init?.renditions ?? [], init?.stored === false];
    return { channel, epoch, msn: this.timeline.nextMsn, names, inits, first };
  }

  #stored({ init }: Epoch): void {
    if (init !== undefined) init.stored = true;
  }

  /** What the renditions are called, the source first, and the sound last where it is one. */
  #names(): readonly RenditionId[] {
    const { rungs, soundApart } = this.layout ?? { rungs: [], soundApart: false };
    return [SOURCE, ...rungs.map(({ name }) => name), ...(soundApart ? [SOUND] : [])];
  }
}
