import { ORIGIN_LIMITS } from '../limits.ts';
import { Broadcast } from './broadcast.ts';
import { type JournalRecord } from './journal.ts';
import { SegmentLog } from './segment-log.ts';
import { type BroadcastSummary } from './summary.ts';

/** What a channel was when its origin stopped. */
export type Interrupted = {
  /** Whether a broadcast had begun that may go on. */
  readonly open: boolean;
  /** The number of its next segment. */
  readonly nextMsn: number;
};

/** Reads what an earlier process has left of a channel's recordings: first the summaries, then the journals that are wanted. */
export class RecordingRestore {
  readonly summaries: BroadcastSummary[] = [];
  /** Those without a summary, oldest first. */
  readonly unfinished: Broadcast[] = [];
  readonly window: SegmentLog;
  readonly interrupted: Interrupted;
  readonly #dvrMs: number;
  readonly #begun = new Set<number>();

  constructor(interrupted: Interrupted, options: { readonly dvrMs: number }) {
    this.interrupted = interrupted;
    this.#dvrMs = options.dvrMs;
    this.window = new SegmentLog({
      windowMs: options.dvrMs,
      segments: ORIGIN_LIMITS.dvrSegments,
    });
  }

  /** Oldest first. */
  summary(summary: BroadcastSummary): void {
    this.summaries.push(summary);
  }

  /** Whether the journal of a broadcast is to be read: there is no summary of it, or the DVR window may reach back to it. */
  wants(broadcast: number, now: number): boolean {
    const known = this.summaries.find((summary) => summary.broadcast === broadcast);
    if (known === undefined) return true;
    return this.interrupted.open && !known.deleting && known.endAt > now - this.#dvrMs;
  }

  /** A record of a journal; journals oldest first. */
  record(id: number, record: JournalRecord): void {
    const finished = this.summaries.some(({ broadcast }) => broadcast === id);
    let broadcast = this.unfinished.find((known) => known.id === id);
    if (record.type === 'begin') {
      if (record.broadcast !== id || this.#begun.has(id)) return;
      this.#begun.add(id);
      if (record.continues === undefined) this.window.clear();
      if (!finished) this.unfinished.push((broadcast = new Broadcast(record)));
    }
    if (!this.#begun.has(id)) return;
    broadcast?.apply(record);
    if (record.type === 'segment') this.window.add(id, record.segment);
    if (record.type === 'stored' || record.type === 'gap')
      this.window.settle(record.epoch, record.msn, record.type === 'stored');
  }
}
