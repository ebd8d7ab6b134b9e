import { type RenditionId } from '@shoal/protocol';
import { type RenditionKind } from '../channel/timeline.ts';
import { SOUND, SOURCE } from '../encoder/ladder.ts';
import { ORIGIN_LIMITS } from '../limits.ts';
import { type JournalRecord } from '../recording/journal.ts';
import { durationOf, SegmentLog } from '../recording/segment-log.ts';

/** A segment of a broadcast that is over, in its best rendition. */
export type VodSegment = {
  readonly epoch: number;
  readonly msn: number;
  /** Since the beginning of its VOD. */
  readonly beginMs: number;
  readonly durationMs: number;
  /** Bytes. */
  readonly size: number;
  /** Bytes of its sound, where that is a rendition of its own. */
  readonly soundSize?: number;
  /** False where there is a gap. */
  readonly stored: boolean;
  /** Of its picture; absent where there is sound alone. */
  readonly picture?: { readonly width: number; readonly height: number };
};

/** A broadcast that is over, in its best rendition. */
export type VodMedia = {
  readonly rendition: RenditionId;
  /** Where the sound is a rendition of its own. */
  readonly sound?: RenditionId;
  readonly durationMs: number;
  /** In the order of its VOD playlist, gaps included. */
  readonly segments: readonly VodSegment[];
};

/** Reads from a journal what a broadcast has. */
export class VodMediaReader {
  readonly #log: SegmentLog = new SegmentLog({
    windowMs: Infinity,
    segments: 2 * ORIGIN_LIMITS.recordingSegments,
  });
  readonly #kinds = new Map<number, readonly RenditionKind[]>();
  #now: readonly RenditionKind[] = [];

  /** Takes what the journal says next. */
  record(record: JournalRecord): void {
    if (record.type === 'renditions') this.#now = record.renditions;
    if (record.type === 'segment') {
      this.#kinds.set(record.segment.epoch, this.#now);
      this.#log.add(0, record.segment);
    }
    if (record.type === 'stored' || record.type === 'gap')
      this.#log.settle(record.epoch, record.msn, record.type === 'stored');
  }

  /** What there was; undefined where there is nothing. */
  media(): VodMedia | undefined {
    const best = bestOf(this.#now);
    if (best === undefined) return undefined;
    const apart = best.rendition !== SOUND && this.#now.some(isSound);
    const segments: VodSegment[] = [];
    let beginMs = 0;
    for (const segment of this.#log.all()) {
      const { epoch, msn, gap, infos } = segment;
      const info = infos.find(({ id }) => id.rendition === best.rendition);
      const kind = this.#kinds.get(epoch)?.find(({ rendition }) => rendition === best.rendition);
      const sound = apart ? infos.find(({ id }) => isSound(id)) : undefined;
      const durationMs = durationOf(segment);
      const { width, height } = kind ?? {};
      segments.push({
        ...{ epoch, msn, beginMs, durationMs, size: info?.size ?? 0 },
        ...(sound !== undefined && { soundSize: sound.size }),
        stored: gap !== true && info !== undefined,
        ...(width !== undefined && height !== undefined && { picture: { width, height } }),
      });
      beginMs += durationMs;
    }
    const { rendition } = best;
    return { rendition, ...(apart && { sound: SOUND }), durationMs: beginMs, segments };
  }
}

function isSound({ rendition }: { readonly rendition: RenditionId }): boolean {
  return rendition === SOUND;
}

/** The source, which nothing is better than, or else what has the most lines. */
function bestOf(kinds: readonly RenditionKind[]): RenditionKind | undefined {
  const source = kinds.find(({ rendition }) => rendition === SOURCE);
  return source ?? [...kinds].sort((a, b) => (b.height ?? 0) - (a.height ?? 0))[0];
}
