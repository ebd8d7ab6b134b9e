import { type SegmentInfo } from '@shoal/protocol';
import { type WindowSegment } from '../hls/segment-window.ts';

/** A segment of a recording, and whether it is stored. */
type Entry = {
  readonly broadcast: number;
  readonly segment: WindowSegment;
  state: 'pending' | 'stored' | 'gap';
};

/** How much is remembered; the oldest are forgotten. */
export type SegmentLogLimits = {
  /** Milliseconds of media. */
  readonly windowMs: number;
  readonly segments: number;
};

/**
 * Segments in the order of their numbers, and which of them are stored. They are listed in order: none before it is known of all
 * that come before it whether they are stored or missing. A number of which nothing is known is missing.
 */
export class SegmentLog {
  readonly #limits: SegmentLogLimits;
  #entries: Entry[] = [];
  #durationMs = 0;

  constructor(limits: SegmentLogLimits) {
    this.#limits = limits;
  }

  /** Takes the next segment; what had its number or a later one was never listed, and is forgotten. */
  add(broadcast: number, segment: WindowSegment): void {
    this.dropFrom(segment.msn);
    const last = this.#entries.at(-1);
    // What is so far apart cannot be of one playlist.
    if (last !== undefined && segment.msn - last.segment.msn > this.#limits.segments) this.clear();
    else if (last !== undefined)
      for (const missing of between(last.segment, segment))
        this.#push({ broadcast, segment: missing, state: 'gap' });
    this.#push({ broadcast, segment, state: 'pending' });
    this.#trim();
  }

  /** Says whether a segment is stored; one that is not there any more is passed over. */
  settle(epoch: number, msn: number, stored: boolean): void {
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i];
      if (entry === undefined || entry.segment.msn < msn) return;
      if (entry.segment.msn !== msn || entry.segment.epoch !== epoch) continue;
      entry.state = stored ? 'stored' : 'gap';
      return;
    }
  }

  /** Forgets what has this number or a later one. */
  dropFrom(msn: number): void {
    for (let last = this.#entries.at(-1); last !== undefined; last = this.#entries.at(-1)) {
      if (last.segment.msn < msn) return;
      this.#entries.pop();
      this.#durationMs -= durationOf(last.segment);
    }
  }

  /** Forgets a broadcast; true if there was something of it. */
  dropBroadcast(broadcast: number): boolean {
    const before = this.#entries.length;
    this.#entries = this.#entries.filter((entry) => entry.broadcast !== broadcast);
    this.#durationMs = this.#entries.reduce((sum, { segment }) => sum + durationOf(segment), 0);
    return this.#entries.length !== before;
  }

  clear(): void {
    this.#entries = [];
    this.#durationMs = 0;
  }

  /** What a playlist lists, oldest first, gaps marked. */
  listed(): readonly WindowSegment[] {
    const pending = this.#entries.findIndex(({ state }) => state === 'pending');
    return this.#entries.slice(0, pending < 0 ? undefined : pending).map(marked);
  }

  /** The number of the oldest; undefined for none. */
  get oldestMsn(): number | undefined {
    return this.#entries[0]?.segment.msn;
  }

  /** All of them, with those as gaps of which it is not known. */
  all(): readonly WindowSegment[] {
    return this.#entries.map(marked);
  }

  #push(entry: Entry): void {
    this.#entries.push(entry);
    this.#durationMs += durationOf(entry.segment);
  }

  #trim(): void {
    const { windowMs, segments } = this.#limits;
    let drop = Math.max(0, this.#entries.length - segments);
    let left = this.#durationMs;
    for (const { segment } of this.#entries.slice(0, drop)) left -= durationOf(segment);
    for (; drop < this.#entries.length - 1; drop++) {
      const oldest = this.#entries[drop];
      const shorter = left - (oldest === undefined ? 0 : durationOf(oldest.segment));
      if (shorter < windowMs) break;
      left = shorter;
    }
    if (drop > 0) this.#entries.splice(0, drop);
    this.#durationMs = left;
  }
}

/** Milliseconds; the same in all renditions. */
export function durationOf({ infos }: WindowSegment): number {
  return infos[0]?.durationMs ?? 0;
}

function marked({ segment, state }: Entry): WindowSegment {
  return state === 'stored' ? segment : { ...segment, gap: true };
}

/** Stand-ins for the numbers between two segments, so that each segment keeps its own. */
function between(last: WindowSegment, next: WindowSegment): readonly WindowSegment[] {
  const count = next.msn - last.msn - 1;
  const from = last.programDateTimeMs + durationOf(last);
  const room = next.programDateTimeMs - from;
  return Array.from({ length: count }, (_, i): WindowSegment => {
    const msn = last.msn + 1 + i;
    // Never longer than the one before, and hence within the target duration.
    const durationMs = Math.max(1, Math.min(Math.floor(room / count), durationOf(last)));
    const infos = last.infos.map((info): SegmentInfo => ({
      ...info,
      id: { ...info.id, msn },
      durationMs,
    }));
    const programDateTimeMs = Math.min(from + i * durationMs, next.programDateTimeMs);
    return { ...last, msn, infos, programDateTimeMs };
  });
}
