import { type Duty, stripePieces } from '@shoal/protocol';
import { ENGINE } from './limits.ts';
import type { Neighbour } from './neighbour.ts';
import type { SegmentEntry } from './segment-entry.ts';

/** Pieces `[from, to)` of a segment that this viewer is to take from the origin at `at`, as owner or as backup. */
type PlannedDuty = {
  readonly entry: SegmentEntry;
  readonly from: number;
  readonly to: number;
  readonly at: number;
  readonly rank: number;
};

/** The stripes that this viewer owns or stands by for (SWM-2), and the elections without a tracker (SWM-3). */
export class Duties {
  #planned: PlannedDuty[] = [];

  /** Plans what the tracker handed out; `slackMs` is the time left until the segment is due. */
  assign(
    entry: SegmentEntry,
    duties: readonly Duty[],
    time: { readonly now: number; readonly slackMs: number },
  ): void {
    for (const { stripe, of, rank } of duties) {
      const { from, to } = stripePieces(entry.pieces, stripe, of);
      const wait = backupDelay(rank, time.slackMs);
      if (from < to && this.#planned.length < ENGINE.plannedDuties)
        this.#planned.push({ entry, from, to, at: time.now + wait, rank });
    }
  }

  /** Elects this viewer for a random stripe with probability K/N, now or as a backup. */
  elect(
    entry: SegmentEntry,
    viewers: number,
    time: { readonly now: number; readonly slackMs: number; readonly random: () => number },
  ): void {
    const of = stripes(viewers);
    for (const rank of ENGINE.backupShares.keys()) {
      if (time.random() >= of / Math.max(viewers, 1)) continue;
      const stripe = Math.min(of - 1, Math.floor(time.random() * of));
      this.assign(entry, [{ stripe, of, rank }], time);
    }
  }

  /** Takes out the duties that are due now. A backup is let off if somebody holds or fetches any of its stripe. */
  due(now: number, neighbours: readonly Neighbour[]): readonly PlannedDuty[] {
    const due = this.#planned.filter((duty) => duty.at <= now);
    if (due.length > 0) this.#planned = this.#planned.filter((duty) => duty.at > now);
    return due.filter((duty) => duty.rank === 0 || isSilent(duty, neighbours, now));
  }

  /** Whether a duty of this segment is still ahead. */
  stands(entry: SegmentEntry): boolean {
    return this.#planned.some((duty) => duty.entry === entry);
  }

  /** Takes back what was planned for a segment. */
  forget(entry: SegmentEntry): void {
    this.#planned = this.#planned.filter((duty) => duty.entry !== entry);
  }

  /** When the next duty is due. */
  deadline(): number | undefined {
    return this.#planned.reduce<number | undefined>(
      (first, { at }) => (first === undefined || at < first ? at : first),
      undefined,
    );
  }

  clear(): void {
    this.#planned = [];
  }
}

/** Stripes a segment is cut into for this many viewers (TRK-8). */
function stripes(viewers: number): number {
  if (viewers < 6) return 2;
  return viewers > 200 ? 8 : 4;
}

function backupDelay(rank: number, slackMs: number): number {
  const share = ENGINE.backupShares[rank] ?? ENGINE.backupShares[2];
  return share === 0 ? 0 : Math.max(ENGINE.backupMinMs * rank, share * Math.max(slackMs, 0));
}

function isSilent(
  { entry, from, to }: PlannedDuty,
  neighbours: readonly Neighbour[],
  now: number,
): boolean {
  for (let i = from; i < to; i++)
    if (entry.state(i) !== 'missing' || entry.promisedAfter(i, now)) return false;
  return !neighbours.some((neighbour) => neighbour.holds(entry.key)?.hasAny(from, to));
}
