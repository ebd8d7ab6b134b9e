import { assertNever, type RenditionId } from '@shoal/protocol';
import { type MadeFile, type MadeSegment } from '../channel/made-segment.ts';
import { type LiveWindow } from '../channel/timeline.ts';
import { renderMediaPlaylist } from '../hls/media-playlist.ts';
import { ORIGIN_LIMITS } from '../limits.ts';
import { type BeginRecord, Broadcast, keyOf } from './broadcast.ts';
import { type JournalRecord } from './journal.ts';
import {
  type BroadcastStatus,
  type RecordingEffect,
  type RecordingInput,
  type RecordingOptions,
} from './messages.ts';
import { type Product, withProducts } from './product.ts';
import { type RecordingRestore } from './restore.ts';
import { expired, segmentsOfOne } from './retention.ts';
import { SegmentLog } from './segment-log.ts';
import { statusOf } from './status.ts';
import { lookUp } from './look-up.ts';
import { oldestMsn } from './oldest.ts';
import { type BroadcastSummary } from './summary.ts';
import { type Bundle, type Settled, WriteQueue } from './write-queue.ts';

/**
 * The recording of a channel: segments go into the store, and are listed when they are there (ORG-13); what cannot be stored is a
 * gap (ORG-14); a broadcast that is over becomes a VOD (ORG-15), which is deleted by the rules of retention (ORG-16). Pure; its
 * host does the rest.
 */
export class Recording {
  readonly #options: RecordingOptions;
  readonly #queue: WriteQueue = new WriteQueue();
  readonly #window: SegmentLog;
  readonly #summaries: BroadcastSummary[];
  /** Closed, and not finished yet. */
  readonly #closing: Broadcast[] = [];
  #current: Broadcast | undefined;
  /** The one whose renditions the DVR playlist describes. */
  #shown: Broadcast | undefined;
  #lastId: number;
  #inits: { readonly epoch: number; readonly files: readonly MadeFile[] } | undefined;
  readonly #awaiting = new Map<string, Bundle>();
  #journalFailed = false;
  /** Segments lost since the last one that was stored. */
  #lost = 0;
  /** Whose playlists are being written, when it had how many segments. */
  #publishing: { readonly segments: number; readonly final: boolean } | undefined;
  #publishAt = 0;
  /** Segments of the current broadcast when its playlists were written last. */
  #published: number | undefined;
  #purging = false;
  #purgeAt = 0;
  readonly #texts = new Map<RenditionId | undefined, string | undefined>();
  #effects: RecordingEffect[] = [];

  constructor(options: RecordingOptions, restored?: RecordingRestore) {
    this.#options = options;
    const limits = { windowMs: options.dvrMs, segments: ORIGIN_LIMITS.dvrSegments };
    this.#window = restored?.window ?? new SegmentLog(limits);
    this.#summaries = [...(restored?.summaries ?? [])];
    const unfinished = [...(restored?.unfinished ?? [])];
    const ids = [...this.#summaries.map(({ broadcast }) => broadcast), ...unfinished.map(idOf)];
    this.#lastId = Math.max(0, ...ids);
    const last = unfinished.at(-1);
    if (restored?.interrupted.open === true && last !== undefined && last.phase !== 'closed') {
      this.#current = this.#shown = unfinished.pop();
      this.#window.dropFrom(restored.interrupted.nextMsn);
    } else this.#window.clear();
    this.#closing.push(...unfinished);
  }

  /** What is left to do from before. To be called once, before anything else. */
  start(now: number): readonly RecordingEffect[] {
    this.#effects = [];
    const { channel } = this.#options;
    for (const broadcast of this.#closing)
      if (broadcast.phase !== 'closed') this.#append(broadcast, { type: 'closed', at: now });
    for (const broadcast of [...this.#closing, ...(this.#current ? [this.#current] : [])])
      for (const segment of broadcast.pending)
        this.#queue.add(lookUp(channel, broadcast.id, segment));
    this.#advance(now);
    return this.#effects;
  }

  /** Does what an input asks for; the returned effects are to be carried out in order, before the next input. */
  step(input: RecordingInput, now: number): readonly RecordingEffect[] {
    this.#effects = [];
    switch (input.type) {
      case 'segment':
        this.#segment(input.made, now);
        break;
      case 'begins':
        this.#close(now);
        this.#window.clear();
        this.#changed();
        break;
      case 'ends':
        if (this.#current?.phase === 'running')
          this.#append(this.#current, { type: 'ended', at: now });
        break;
      case 'closes':
        this.#close(now);
        break;
      case 'journaled':
        this.#journaled(input.epoch, input.msn, input.ok);
        break;
      case 'written': {
        const settled = this.#queue.settle(input.path, input.outcome, now);
        if (settled) this.#settle(settled, { why: 'the store fails', journaled: true });
        break;
      }
      case 'published':
        this.#donePublishing(input.broadcast, input.ok, now);
        break;
      case 'purged':
        this.#purging = false;
        if (!input.ok) this.#purgeAt = now + ORIGIN_LIMITS.recordingRetryMs;
        else this.#forget(input.broadcast);
        break;
      case 'products':
        this.#amend(input.broadcast, input.products);
        break;
      case 'tick':
        break;
      default:
        assertNever(input);
    }
    this.#advance(now);
    return this.#effects;
  }

  /** When `tick` is due next. */
  deadline(): number | undefined {
    const times: number[] = [];
    const [oldest] = this.#summaries;
    const retry = this.#queue.deadline();
    if (retry !== undefined) times.push(retry);
    if (this.#publishing === undefined && this.#toPublish() !== undefined)
      times.push(this.#publishAt);
    if (!this.#purging && oldest !== undefined) {
      const due = oldest.deleting ? 0 : oldest.endAt + this.#options.keepMs;
      times.push(Math.max(due, this.#purgeAt));
    }
    const first = Math.min(...times);
    return Number.isFinite(first) ? first : undefined;
  }

  /** Whether all that was made is stored, or given up. */
  get settled(): boolean {
    return this.#queue.idle && this.#awaiting.size === 0;
  }

  /** The DVR playlist, multivariant or of a rendition; undefined while there is nothing to list. */
  dvr(rendition?: RenditionId): string | undefined {
    if (!this.#texts.has(rendition)) this.#texts.set(rendition, this.#render(rendition));
    return this.#texts.get(rendition);
  }

  /** The newest segments of the broadcast that goes on; those of which it is not known whether they are stored count as gaps. */
  newest(count: number): LiveWindow {
    const renditions = this.#current?.renditions ?? [];
    return { segments: this.#window.all().slice(-count), renditions };
  }

  /** The number of the oldest segment that is listed, or may be; undefined for none. */
  get oldestMsn(): number | undefined {
    const unfinished = [...this.#closing, ...(this.#current ? [this.#current] : [])];
    return oldestMsn(this.#window, [
      ...this.#summaries,
      ...unfinished.map((of) => of.summary(false)),
    ]);
  }

  /** The broadcasts, oldest first. */
  list(): readonly BroadcastStatus[] {
    return this.#listed(this.#summaries);
  }

  #listed(summaries: readonly BroadcastSummary[]): readonly BroadcastStatus[] {
    const { channel, vod } = this.#options;
    const over = vod ? summaries.filter(({ deleting }) => !deleting) : [];
    const closing = vod ? this.#closing : [];
    return [
      ...over.map((summary) => statusOf(channel, summary, 'closed')),
      ...closing.map((broadcast) =>
        statusOf(channel, { ...broadcast.summary(vod), vod: false }, 'closed'),
      ),
      ...(this.#current === undefined
        ? []
        : [
            statusOf(
              channel,
              { ...this.#current.summary(vod), vod: this.#published !== undefined },
              this.#current.phase,
            ),
          ]),
    ];
  }

  #segment(made: MadeSegment, now: number): void {
    const { segment } = made;
    if (made.inits.length > 0) this.#inits = { epoch: segment.epoch, files: made.inits };
    const broadcast = this.#broadcastFor(made, now);
    if (broadcast.phase === 'ended') this.#append(broadcast, { type: 'resumed', at: now });
    if (JSON.stringify(broadcast.renditions) !== JSON.stringify(made.renditions))
      this.#append(broadcast, { type: 'renditions', renditions: made.renditions });
    const inits = this.#inits?.epoch === segment.epoch ? this.#inits.files : [];
    this.#awaiting.set(keyOf(segment), {
      ...{ broadcast: broadcast.id, segment, files: made.files, inits },
    });
    this.#window.add(broadcast.id, segment);
    this.#append(broadcast, { type: 'segment', segment });
  }

  /** The broadcast that the segment is of; a new one if there is none, or it has had its share. */
  #broadcastFor(made: MadeSegment, now: number): Broadcast {
    const before = this.#current;
    if (before !== undefined && before.segments < segmentsOfOne(this.#options, made)) {
      // What a journal on a full disk has not taken, it is given again.
      if (this.#journalFailed) {
        this.#push(before, before.begin);
        this.#push(before, { type: 'renditions', renditions: before.renditions });
      }
      return before;
    }
    const began = before === undefined ? made.segment.epoch : made.segment.programDateTimeMs / 1000;
    this.#lastId = Math.max(Math.floor(began), this.#lastId + 1);
    const begin: BeginRecord = {
      ...{ type: 'begin', channel: this.#options.channel, broadcast: this.#lastId },
      ...(before !== undefined && { continues: before.id }),
      targetDuration: made.targetDuration,
    };
    if (before === undefined) this.#window.clear();
    else this.#close(now);
    const broadcast = new Broadcast(begin);
    this.#current = broadcast;
    this.#push(broadcast, begin);
    return broadcast;
  }

  #journaled(epoch: number, msn: number, ok: boolean): void {
    const key = keyOf({ epoch, msn });
    const bundle = this.#awaiting.get(key);
    if (bundle === undefined) return;
    this.#awaiting.delete(key);
    this.#journalFailed = !ok;
    const lost = { bundle, stored: false };
    if (!ok) this.#settle(lost, { why: 'its journal cannot be written', journaled: false });
    else if (!this.#queue.add(bundle))
      this.#settle(lost, { why: 'the store is too slow', journaled: true });
  }

  #settle(
    { bundle, stored }: Settled,
    how: { readonly why: string; readonly journaled: boolean },
  ): void {
    const { epoch, msn } = bundle.segment;
    const record: JournalRecord = { type: stored ? 'stored' : 'gap', epoch, msn };
    const broadcast = [this.#current, ...this.#closing].find((of) => of?.id === bundle.broadcast);
    if (how.journaled && broadcast !== undefined) this.#append(broadcast, record);
    else broadcast?.apply(record);
    this.#window.settle(epoch, msn, stored);
    if (stored && broadcast !== undefined && broadcast.id >= (this.#shown?.id ?? 0))
      this.#shown = broadcast;
    this.#changed();
    if (!stored) {
      this.#lost += 1;
      if (this.#lost === 1) this.#note('warn', `segment ${msn} is missing: ${how.why}`);
    } else if (this.#lost > 0) {
      this.#note('info', `recording goes on; ${this.#lost} segments are missing`);
      this.#lost = 0;
    }
  }

  #close(now: number): void {
    const broadcast = this.#current;
    if (broadcast === undefined) return;
    this.#append(broadcast, { type: 'closed', at: now });
    this.#current = undefined;
    this.#published = undefined;
    this.#closing.push(broadcast);
    this.#changed();
    // The others are finished when the origin starts again: their journals are there. Until then nothing is deleted, since it is
    // not known any more what they share.
    if (this.#closing.length <= ORIGIN_LIMITS.recordingsUnfinished) return;
    this.#closing.shift();
    this.#purgeAt = Infinity;
  }

  #advance(now: number): void {
    for (const { path, bytes, size } of this.#queue.start(now))
      this.#effects.push({ type: 'write', path, bytes, size });
    if (this.#publishing === undefined && now >= this.#publishAt) this.#publish();
    if (!this.#purging && now >= this.#purgeAt) this.#purge(now);
  }

  /** The broadcast whose playlists are to be written: one that is over, or may be. */
  #toPublish(): Broadcast | undefined {
    const [closed] = this.#closing;
    if (closed !== undefined) return closed.pending.length === 0 ? closed : undefined;
    const current = this.#current;
    if (current?.phase !== 'ended' || current.pending.length > 0) return undefined;
    const written = this.#published === current.segments;
    return !written && current.summary(this.#options.vod).vod ? current : undefined;
  }

  #publish(): void {
    const broadcast = this.#toPublish();
    if (broadcast === undefined) return;
    const summary = broadcast.summary(this.#options.vod);
    const final = broadcast.phase === 'closed';
    this.#publishing = { segments: broadcast.segments, final };
    const { channel } = this.#options;
    const state = final ? 'closed' : 'ended';
    const others = this.list().filter((status) => status.broadcast !== summary.broadcast);
    const index = this.#index([...others, statusOf(channel, summary, state)]);
    this.#effects.push({ type: 'publish', summary, final, index });
  }

  #donePublishing(id: number, ok: boolean, now: number): void {
    const { segments, final } = this.#publishing ?? { segments: 0, final: false };
    this.#publishing = undefined;
    const [closed] = this.#closing;
    if (!ok) {
      this.#publishAt = now + ORIGIN_LIMITS.recordingRetryMs;
      this.#note('warn', `the playlists of broadcast ${id} cannot be written yet`);
    } else if (!final) {
      if (this.#current?.id === id) this.#published = segments;
    } else if (closed?.id === id) {
      this.#closing.shift();
      this.#summaries.push(closed.summary(this.#options.vod));
    }
  }

  #purge(now: number): void {
    const unfinished = [...this.#closing, ...(this.#current ? [this.#current] : [])];
    const otherBytes = unfinished.reduce((sum, { bytes }) => sum + bytes, 0);
    const oldest = expired(this.#summaries, this.#options, { now, otherBytes });
    if (oldest === undefined) return;
    this.#purging = true;
    const summary = { ...oldest, deleting: true };
    this.#summaries[this.#summaries.indexOf(oldest)] = summary;
    if (this.#window.dropBroadcast(oldest.broadcast)) this.#changed();
    const others = [...this.#summaries, ...unfinished.map((of) => of.summary(false))];
    const sharedEpochs = others.flatMap(({ broadcast, firstEpoch, lastEpoch }) =>
      broadcast === oldest.broadcast ? [] : [firstEpoch, lastEpoch],
    );
    const index = this.#index(this.list());
    this.#note('info', `broadcast ${oldest.broadcast} is deleted`);
    this.#effects.push({ type: 'purge', summary, sharedEpochs, index });
  }

  /** What is being deleted, or is gone, has none. */
  #amend(id: number, made: readonly Product[]): void {
    const at = this.#summaries.findIndex(({ broadcast }) => broadcast === id);
    const before = this.#summaries[at];
    if (before === undefined || before.deleting) return;
    const summary = { ...before, products: withProducts(before.products ?? [], made) };
    this.#summaries[at] = summary;
    this.#effects.push({ type: 'amend', summary, index: this.#index(this.list()) });
  }

  #forget(id: number): void {
    const at = this.#summaries.findIndex(({ broadcast }) => broadcast === id);
    if (at >= 0) this.#summaries.splice(at, 1);
  }

  #index(list: readonly BroadcastStatus[]): string | undefined {
    if (!this.#options.vod) return undefined;
    const recordings = list.filter(({ playlist }) => playlist !== undefined);
    return `${JSON.stringify({ recordings })}\n`;
  }

  #render(rendition: RenditionId | undefined): string | undefined {
    const shown = this.#shown;
    const segments = this.#window.listed();
    if (shown === undefined || segments.every(({ gap }) => gap)) return undefined;
    if (rendition === undefined) return shown.multivariant('dvr');
    if (!segments.some(({ infos }) => infos.some(({ id }) => id.rendition === rendition)))
      return undefined;
    const { channel } = this.#options;
    const { targetDuration } = shown.begin;
    const ended = this.#current === undefined;
    return renderMediaPlaylist({ channel, rendition, targetDuration, segments, ended });
  }

  #append(broadcast: Broadcast, record: JournalRecord): void {
    broadcast.apply(record);
    this.#push(broadcast, record);
  }

  #push(broadcast: Broadcast, record: JournalRecord): void {
    const answer = record.type === 'segment';
    this.#effects.push({ type: 'append', broadcast: broadcast.id, record, answer });
  }

  #note(level: 'info' | 'warn', message: string): void {
    this.#effects.push({ type: 'note', level, message });
  }

  #changed(): void {
    this.#texts.clear();
  }
}

function idOf({ id }: Broadcast): number {
  return id;
}
