import { DIGEST_BYTES, pieceCount, type RecordingName, type RenditionId } from '@shoal/protocol';
import { type RenditionKind } from '../channel/timeline.ts';
import { BitrateMeter, renderMultivariant, variantOf, type Variant } from '../hls/multivariant.ts';
import { type WindowSegment } from '../hls/segment-window.ts';
import { type JournalRecord } from './journal.ts';
import { durationOf } from './segment-log.ts';
import { type BroadcastSummary } from './summary.ts';

/** The first record of a journal. */
export type BeginRecord = Extract<JournalRecord, { readonly type: 'begin' }>;

/**
 * A broadcast as its journal tells it, without its segments: `running`, `ended` when its publisher has not come back in time but
 * still may, `closed` when nothing more can come.
 */
export class Broadcast {
  readonly begin: BeginRecord;
  #phase: 'running' | 'ended' | 'closed' = 'running';
  #renditions: readonly RenditionKind[] = [];
  readonly #meters = new Map<RenditionId, BitrateMeter>();
  readonly #pending = new Map<string, WindowSegment>();
  #first: WindowSegment | undefined;
  #last: WindowSegment | undefined;
  #segments = 0;
  #gaps = 0;
  #bytes = 0;
  #durationMs = 0;
  #independent = true;

  constructor(begin: BeginRecord) {
    this.begin = begin;
  }

  get id(): number {
    return this.begin.broadcast;
  }

  get phase(): 'running' | 'ended' | 'closed' {
    return this.#phase;
  }

  /** What its renditions were last. */
  get renditions(): readonly RenditionKind[] {
    return this.#renditions;
  }

  /** Segments so far, stored or not. */
  get segments(): number {
    return this.#segments;
  }

  /** Bytes in the store. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Segments of which it is not known whether they are stored, oldest first. */
  get pending(): readonly WindowSegment[] {
    return [...this.#pending.values()];
  }

  /** Takes what the journal says next. */
  apply(record: JournalRecord): void {
    switch (record.type) {
      case 'begin':
        break;
      case 'renditions':
        this.#renditions = record.renditions;
        break;
      case 'segment':
        this.#segment(record.segment);
        break;
      case 'stored':
      case 'gap':
        this.#settle(record);
        break;
      case 'ended':
        this.#phase = 'ended';
        break;
      case 'resumed':
        this.#phase = 'running';
        break;
      case 'closed':
        this.#phase = 'closed';
        break;
    }
  }

  /** What is remembered of it when it is over. `vod`: whether it is to have playlists. */
  summary(vod: boolean): BroadcastSummary {
    const { broadcast, continues } = this.begin;
    const last = this.#last;
    const endAt = last === undefined ? broadcast * 1000 : last.programDateTimeMs + durationOf(last);
    return {
      broadcast,
      ...(continues !== undefined && { continues }),
      beginAt: this.#first?.programDateTimeMs ?? broadcast * 1000,
      endAt: Math.round(endAt),
      durationMs: this.#durationMs,
      bytes: this.#bytes,
      segments: this.#segments,
      gaps: this.#gaps,
      renditions: this.#renditions.map(({ rendition }) => rendition),
      firstEpoch: this.#first?.epoch ?? broadcast,
      ...(this.#first !== undefined && { firstMsn: this.#first.msn }),
      lastEpoch: last?.epoch ?? broadcast,
      vod: vod && this.#segments > this.#gaps + this.#pending.size,
      deleting: false,
    };
  }

  /** Its multivariant playlist; undefined while nothing is stored. */
  multivariant(recording: RecordingName): string | undefined {
    const variants = this.#renditions.flatMap((kind): readonly Variant[] => {
      const meter = this.#meters.get(kind.rendition);
      return meter === undefined ? [] : [variantOf(kind, meter)];
    });
    if (variants.length === 0) return undefined;
    return renderMultivariant(variants, { independent: this.#independent, playlists: recording });
  }

  #segment(segment: WindowSegment): void {
    this.#first ??= segment;
    this.#last = segment;
    this.#segments += 1;
    this.#durationMs += durationOf(segment);
    if (!segment.independent) this.#independent = false;
    this.#pending.set(keyOf(segment), segment);
  }

  #settle(record: {
    readonly type: 'stored' | 'gap';
    readonly epoch: number;
    readonly msn: number;
  }): void {
    const segment = this.#pending.get(keyOf(record));
    if (segment === undefined) return;
    this.#pending.delete(keyOf(record));
    if (record.type === 'gap') {
      this.#gaps += 1;
      return;
    }
    for (const info of segment.infos) {
      const { rendition } = info.id;
      const meter = this.#meters.get(rendition) ?? new BitrateMeter();
      meter.add(info, this.begin.targetDuration * 1000);
      this.#meters.set(rendition, meter);
      this.#bytes += info.size + pieceCount(info.size) * DIGEST_BYTES;
    }
  }
}

/** Names a segment within its channel: numbers may be used again by a later epoch that was never listed. */
export function keyOf(segment: { readonly epoch: number; readonly msn: number }): string {
  return `${segment.epoch}-${segment.msn}`;
}
