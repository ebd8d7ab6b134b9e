import {
  type MadeSegment,
  ORIGIN_LIMITS,
  Recording,
  type RecordingEffect,
  type RecordingInput,
  type RecordingOptions,
  RecordingRestore,
} from '@shoal/server/core';
import { channelId, renditionId } from '../../../../support/builders.ts';
import { type MadeChoices, madeSegment } from '../../../../support/made-segments.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';

/** When every bench begins, Unix milliseconds, and the epoch of its first segment. */
export const T0 = 1_700_000_000_000;
export const EPOCH: number = T0 / 1000;

type Write = Extract<RecordingEffect, { readonly type: 'write' }>;

/** A recording whose journal works unless it is said otherwise, and whose store does what the test says. */
export class RecordingBench {
  readonly clock: ManualClock = new ManualClock(T0);
  readonly recording: Recording;
  readonly log: RecordingEffect[] = [];
  journalWorks = true;
  /** Asked of the store and not answered yet. */
  writes: Write[] = [];
  #msn = 0;

  constructor(options: Partial<RecordingOptions> = {}, restored?: RecordingRestore) {
    const fixed = { channel: channelId(), dvrMs: 60_000, vod: true };
    const kept = { keepMs: Infinity, keepBytes: Infinity };
    this.recording = new Recording({ ...fixed, ...kept, ...options }, restored);
    this.#take(this.recording.start(T0));
  }

  step(input: RecordingInput): void {
    this.#take(this.recording.step(input, this.clock.now));
  }

  /** A segment of 2 s, the next one; the very first is the first of its epoch. */
  make(choices: Partial<MadeChoices> = {}): MadeSegment {
    const msn = this.#msn;
    this.#msn += 1;
    const at = this.clock.now;
    const made = madeSegment({ epoch: EPOCH, msn, at, first: msn === 0, ...choices });
    this.clock.advance(2_000);
    this.step({ type: 'segment', made });
    return made;
  }

  /** Answers what is asked of the store, and what is asked then, so many times or until nothing is. */
  answer(outcome: 'stored' | 'failed' | 'missing', rounds = 100): void {
    for (let i = 0; i < rounds && this.writes.length > 0; i++)
      for (const { path } of this.writes.splice(0)) this.step({ type: 'written', path, outcome });
  }

  /** The same for a segment that is stored. */
  store(choices: Partial<MadeChoices> = {}): MadeSegment {
    const made = this.make(choices);
    this.answer('stored');
    return made;
  }

  /** The store fails until the segment under way is given up. */
  fail(): void {
    for (let i = 0; i < ORIGIN_LIMITS.recordingAttempts; i++) {
      this.answer('failed', 1);
      const due = this.recording.deadline();
      if (due === undefined) return;
      this.clock.advanceTo(Math.max(due, this.clock.now));
      this.step({ type: 'tick' });
    }
  }

  /** The last playlists that were to be written are. */
  published(): void {
    const last = this.effects('publish').at(-1);
    if (last !== undefined)
      this.step({ type: 'published', broadcast: last.summary.broadcast, ok: true });
  }

  effects<T extends RecordingEffect['type']>(
    type: T,
  ): readonly Extract<RecordingEffect, { readonly type: T }>[] {
    return this.log.filter(
      (effect): effect is Extract<RecordingEffect, { readonly type: T }> => effect.type === type,
    );
  }

  /** The DVR playlist of the source, or nothing. */
  get dvr(): string {
    return this.recording.dvr(renditionId('source')) ?? '';
  }

  /** What it has journaled, as the next process reads it. */
  restore(interrupted: { readonly open: boolean; readonly nextMsn: number }): RecordingRestore {
    const restored = new RecordingRestore(interrupted, { dvrMs: 60_000 });
    for (const { broadcast, record } of this.effects('append')) restored.record(broadcast, record);
    return restored;
  }

  #take(effects: readonly RecordingEffect[]): void {
    for (const effect of effects) {
      this.log.push(effect);
      if (effect.type === 'write') this.writes.push(effect);
      if (effect.type === 'append' && effect.answer && effect.record.type === 'segment') {
        const { epoch, msn } = effect.record.segment;
        this.step({ type: 'journaled', epoch, msn, ok: this.journalWorks });
      }
    }
  }
}

/** How often a text has a part. */
export function count(text: string, part: string): number {
  return text.split(part).length - 1;
}
