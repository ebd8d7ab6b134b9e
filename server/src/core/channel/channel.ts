import { assertNever, type SegmentId } from '@shoal/protocol';
import { type SegmentDelivery } from '../delivery/accounting.ts';
import { PublishFeed } from '../flv/publish-feed.ts';
import { type CutPart, type CutSegment } from '../fmp4/cut.ts';
import { HealthMeter } from '../health/health-meter.ts';
import { healthReport, healthWithout } from '../health/health-report.ts';
import { type StreamHealth } from '../health/stream-health.ts';
import { ORIGIN_LIMITS } from '../limits.ts';
import { type ChannelState } from './channel-state.ts';
import { channelStatus } from './channel-status.ts';
import { ChannelOutput } from './channel-output.ts';
import { EncoderEpochs, type Epoch } from './encoder-epochs.ts';
import { planEncoder } from './encoder-plan.ts';
import { Lifecycle, type LifecycleEffect, type SessionId } from './lifecycle.ts';
import {
  type ChannelEffect,
  type ChannelInput,
  type ChannelOptions,
  type ChannelStatus,
} from './messages.ts';
import { type LiveWindow } from './timeline.ts';

const KEYS_TOO_FAR_APART =
  'key frames are too far apart: set the key frame interval to the segment length';

type Encoded = Extract<ChannelInput, { readonly type: 'encoded' }>;

/** A channel: publishers, encoders, segments and playlists. Pure; its host does the rest. */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #lifecycle: Lifecycle;
  readonly #output: ChannelOutput;
  readonly #epochs: EncoderEpochs = new EncoderEpochs();
  #feed: PublishFeed;
  /** The epoch of an encoder that waits until it is known what the publisher sends. */
  #awaited: number | undefined;
  /** Changes of picture or sound since the last segment. */
  #renewals = 0;
  #session: SessionId | undefined;
  /** Of the publisher that is there. */
  #health: HealthMeter | undefined;
  #last: { readonly epoch: number; readonly lastMsn: number } | undefined;
  #reason: string | undefined;
  #keysTooFarApart = false;
  #effects: ChannelEffect[] = [];

  constructor(options: ChannelOptions, restored: ChannelState, now: number) {
    this.#options = options;
    this.#feed = this.#newFeed();
    this.#output = new ChannelOutput(options, restored);
    this.#lifecycle = new Lifecycle(
      {
        interruptedMs: options.interruptedMs,
        closeAfterMs: options.closeAfterMs,
        lastEpoch: restored.lastEpoch,
        watchdogMs: () =>
          3 *
          (this.#output.timeline.targetDuration ?? Math.max(5, options.segmentMs / 1000)) *
          1000,
        ...(restored.open && { resumesAt: now }),
      },
      now,
    );
  }

  /** Lists again what was listed when the origin stopped, of a broadcast that goes on. To be called before anything else. */
  restore(window: LiveWindow): readonly ChannelEffect[] {
    this.#effects = [];
    const last = window.segments.at(-1);
    // The next segment has the number that follows: a playlist cannot leave one out (RFC 8216 section 6.2.1).
    if (!this.#lifecycle.open || last?.msn !== this.#output.timeline.nextMsn - 1) return [];
    this.#output.timeline.restore(window);
    this.#last = { epoch: last.epoch, lastMsn: last.msn };
    this.#playlists();
    return this.#effects;
  }

  /** Does what an input asks for; the returned effects are to be carried out in order, before the next input. */
  step(input: ChannelInput, now: number): readonly ChannelEffect[] {
    this.#effects = [];
    switch (input.type) {
      case 'publish':
        this.#session = input.session;
        this.#feed = this.#newFeed();
        this.#health = new HealthMeter(now);
        this.#reason = undefined;
        this.#keysTooFarApart = false;
        this.#renewals = 0;
        this.#apply(this.#lifecycle.step({ type: 'publish', session: input.session }, now), now);
        break;
      case 'tag':
        if (input.session !== this.#session) break;
        this.#health?.tag(input.tag, now);
        this.#tag(input.tag, now);
        break;
      case 'unpublish':
        if (input.session === this.#session) this.#unpublish(input.reason, now);
        break;
      case 'encoded':
        this.#encoded(input, now);
        break;
      case 'encoder-exit':
        this.#encoderExit(input.epoch, input.detail, now);
        break;
      case 'held':
        this.#health?.held(input.held, now);
        this.#apply(this.#lifecycle.step(input, now), now);
        break;
      case 'tick':
        this.#tick(now);
        break;
      default:
        assertNever(input);
    }
    return this.#effects;
  }

  /** When `tick` is due next. */
  deadline(): number | undefined {
    return this.#lifecycle.deadline();
  }

  /** Counts body bytes of a segment that were written to sockets, for one request or several. */
  served(id: SegmentId, bytes: number, requests?: number): void {
    this.#output.delivery.served(id, bytes, requests);
  }

  /** What was served of the newest segments, oldest first. */
  delivery(): readonly SegmentDelivery[] {
    return this.#output.delivery.list();
  }

  /** How well it gets what it needs of its publisher. */
  health(now: number): StreamHealth {
    const { segmentMs } = this.#options;
    if (this.#health === undefined)
      return healthWithout(this.#lifecycle.state.state === 'interrupted');
    return healthReport(this.#health, { media: this.#feed.media, segmentMs, now });
  }

  /** Numbers of the next segment, and of the oldest that its playlists list. */
  get numbers(): { readonly nextMsn: number; readonly oldestMsn: number | undefined } {
    const { nextMsn, oldestMsn } = this.#output.timeline;
    return { nextMsn, oldestMsn };
  }

  /** Whether viewers may still follow a playlist that goes on; else nothing is done in it until somebody publishes. */
  get open(): boolean {
    return this.#lifecycle.open;
  }

  /** True while viewers may expect a playlist soon, although there may be none yet. */
  get expectsMedia(): boolean {
    const { state } = this.#lifecycle.state;
    return state === 'starting' || state === 'live' || state === 'interrupted';
  }

  status(): ChannelStatus {
    const { timeline } = this.#output;
    const [lifecycle, reason, last] = [this.#lifecycle.state, this.#reason, this.#last];
    return channelStatus(this.#options.channel, { lifecycle, timeline, reason, last });
  }

  #tick(now: number): void {
    const { state } = this.#lifecycle.state;
    if (state === 'starting' || state === 'live') {
      const late = this.#lifecycle.deadline();
      if (this.#epochs.current !== undefined && late !== undefined && now >= late) {
        this.#reason = 'the encoder gave no segment for three target durations';
        this.#note('warn', this.#reason);
      }
    }
    this.#apply(this.#lifecycle.step({ type: 'tick' }, now), now);
  }

  #tag(tag: Uint8Array, now: number): void {
    const verdict = this.#feed.accept(tag, now);
    if (verdict.type === 'skip') return;
    if (verdict.type === 'refuse') this.#refuse(verdict.reason, now);
    else if (verdict.type !== 'feed') this.#renew(verdict.type, now);
    if (verdict.type !== 'feed') return;
    const { startedAt } = this.#feed;
    this.#apply(this.#lifecycle.step({ type: 'media' }, now), now);
    if (this.#awaited !== undefined) {
      this.#startEncoder(this.#awaited, now);
      // What it was given to begin with has this tag in it.
      return;
    }
    const { current } = this.#epochs;
    if (current === undefined) return;
    if (startedAt !== undefined) current.mediaAt ??= now;
    this.#effects.push({ type: 'feed-encoder', epoch: current.epoch, tag: verdict.tag });
  }

  /** Another encoder, and epoch, for another picture or sound. */
  #renew(why: 'renew' | 'restart', now: number): void {
    // What one of them has made of the first moment would be a segment of it alone.
    const { current } = this.#epochs;
    if (why === 'restart' && current !== undefined) this.#doom(current, now);
    this.#renewals += 1;
    if (this.#renewals > ORIGIN_LIMITS.renewals) {
      this.#refuse('picture or sound change too often', now);
      return;
    }
    if (why === 'renew') this.#note('info', 'the publisher changed its picture or sound');
    this.#apply(this.#lifecycle.step({ type: 'renew-encoder' }, now), now);
  }

  /** Ends a publisher that sends what cannot be served. */
  #refuse(reason: string, now: number): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#effects.push({ type: 'drop-publisher', session, reason });
    this.#unpublish(reason, now);
  }

  #unpublish(reason: string, now: number): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#session = undefined;
    this.#health = undefined;
    this.#feed = this.#newFeed();
    this.#reason = reason;
    this.#note('info', `publisher gone: ${reason}`);
    this.#apply(this.#lifecycle.step({ type: 'unpublish', session }, now), now);
  }

  #encoded({ epoch, bytes, endsSegment }: Encoded, now: number): void {
    const record = this.#epochs.get(epoch);
    if (record === undefined || record.doomed) return;
    const cuts = record.cutter.push(bytes, endsSegment);
    if (!cuts.ok) {
      this.#replace(record, `encoder output: ${cuts.error}`, now);
      return;
    }
    for (const cut of cuts.value) {
      if (cut.type === 'init') record.init = { renditions: cut.renditions, stored: false };
      else if (cut.type === 'part') this.#part(record, cut.part);
      else this.#segment(record, cut.segment, now);
    }
  }

  #encoderExit(epoch: number, detail: string, now: number): void {
    const record = this.#epochs.get(epoch);
    if (record === undefined) return;
    const rest = record.doomed ? [] : record.cutter.finish();
    for (const cut of rest) this.#segment(record, cut, now);
    if (this.#epochs.end(record)) {
      this.#reason = `encoder ended: ${detail}`;
      this.#note('warn', this.#reason);
    }
    this.#apply(this.#lifecycle.step({ type: 'encoder-exit', epoch }, now), now);
    this.#giveUp(record, detail, now);
  }

  /** Ends a publisher of whose media nothing can be made, as encoder after encoder has shown (ORG-29). */
  #giveUp({ decodes }: Epoch, detail: string, now: number): void {
    const { state } = this.#lifecycle;
    if (decodes === undefined || (state.state !== 'starting' && state.state !== 'live')) return;
    if (state.failures < ORIGIN_LIMITS.transcodeFailures) return;
    this.#refuse(`${decodes} cannot be transcoded: ${detail}`, now);
  }

  /** Has an encoder replaced whose output is of no use. */
  #replace(record: Epoch, reason: string, now: number): void {
    this.#doom(record, now);
    this.#note('warn', reason);
    if (!this.#epochs.release(record)) return;
    this.#reason = reason;
    // What it choked on may be in the group that would be fed to the next one.
    this.#feed.forgetGroup();
    const { epoch } = record;
    this.#apply(this.#lifecycle.step({ type: 'replace-encoder', epoch }, now), now);
    this.#giveUp(record, reason, now);
  }

  /** Lists a part before its segment. */
  #part(record: Epoch, cut: CutPart): void {
    if (!this.expectsMedia) return;
    const first = record.init?.stored === false;
    const stored = this.#output.part(record, cut);
    if (stored.length === 0) return;
    this.#effects.push(...stored);
    // Numbers that a playlist shows are not used again.
    if (first) this.#save();
    this.#effects.push(...this.#output.lowLatencyPlaylists(this.#over));
  }

  /** Nothing more is taken of it. What was listed in parts becomes a segment, as players expect. */
  #doom(record: Epoch, now: number): void {
    const rest = this.#output.timeline.isOpen(record.epoch) ? record.cutter.finish() : [];
    for (const cut of rest) this.#segment(record, cut, now);
    record.doomed = true;
  }

  #segment(record: Epoch, cut: CutSegment, now: number): void {
    if (!this.expectsMedia || !this.#output.takes(record) || cut.durationMs <= 0) return;
    if (cut.durationMs > this.#output.limitMs()) {
      this.#replace(record, 'a jump in the timestamps made a segment too long', now);
      return;
    }
    const { epoch } = record;
    this.#effects.push(...this.#output.segment(record, cut, now));
    this.#last = { epoch, lastMsn: this.#output.timeline.nextMsn - 1 };
    this.#health?.segment(cut.durationMs, now);
    this.#renewals = 0;
    this.#apply(this.#lifecycle.step({ type: 'segment', epoch }, now), now);
    if (!cut.independent) this.#keysTooFarApart = true;
    // What is wrong with the last segment of a publisher that is gone is no news.
    if (this.#session !== undefined)
      this.#reason = this.#keysTooFarApart ? KEYS_TOO_FAR_APART : undefined;
    this.#save();
    this.#playlists();
    this.#effects.push(...this.#output.evictions());
  }

  #apply(effects: readonly LifecycleEffect[], now: number): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'start-encoder':
          this.#startEncoder(effect.epoch, now);
          break;
        case 'finish-encoder':
        case 'kill-encoder':
          this.#endEncoder(effect.type, effect.epoch, now);
          break;
        case 'drop-publisher':
          this.#effects.push(effect);
          break;
        case 'broadcast-begins':
          this.#output.timeline.begin();
          this.#playlists();
          this.#output.layout = undefined;
          this.#effects.push({ type: 'broadcast', change: 'begins' });
          break;
        case 'close-playlists':
          this.#effects.push({ type: 'broadcast', change: 'closes' });
          this.#playlists();
          this.#save();
          break;
        case 'online':
        case 'interrupted':
        case 'offline':
          this.#announce(effect.type, now);
          break;
        default:
          assertNever(effect);
      }
    }
  }

  #announce(what: 'online' | 'interrupted' | 'offline', now: number): void {
    const { channel } = this.#options;
    this.#note('info', `channel ${what}`);
    if (what !== 'interrupted') this.#save();
    if (what === 'offline') this.#effects.push({ type: 'broadcast', change: 'ends' });
    this.#effects.push({ type: 'event', event: { type: `stream.${what}`, channel, at: now } });
  }

  /** Starts it at once where it is known what there is to encode, else as soon as that is. */
  #startEncoder(epoch: number, now: number): void {
    this.#awaited = this.#feed.known(now) ? undefined : epoch;
    if (this.#awaited !== undefined) return;
    const planned = planEncoder(this.#options, {
      ...{ media: this.#feed.media, layout: this.#output.layout },
      limitMs: () => this.#output.limitMs(),
    });
    if (!planned.ok) {
      this.#refuse(planned.error, now);
      return;
    }
    const { what, cutter, layout, decodes } = planned.value;
    this.#output.layout = layout;
    const { tags, mediaAt } = this.#feed.preamble();
    for (const old of this.#epochs.begin({ epoch, cutter, mediaAt, decodes, doomed: false }))
      this.#effects.push({ type: 'kill-encoder', epoch: old });
    this.#save();
    this.#effects.push({ type: 'start-encoder', epoch, what, preamble: tags });
  }

  #endEncoder(type: 'finish-encoder' | 'kill-encoder', epoch: number, now: number): void {
    if (this.#awaited === epoch) {
      this.#awaited = undefined;
      return;
    }
    const record = this.#epochs.get(epoch);
    if (record !== undefined && type === 'kill-encoder') this.#doom(record, now);
    this.#epochs.release(record);
    this.#effects.push({ type, epoch });
  }

  #newFeed(): PublishFeed {
    return new PublishFeed({ waitsForSound: this.#options.audioRendition ?? false });
  }

  #playlists(): void {
    this.#effects.push(...this.#output.playlists(this.#over));
  }

  /** Whether nothing will follow in the playlists. */
  get #over(): boolean {
    return this.#lifecycle.state.state === 'ended' && !this.#lifecycle.open;
  }

  #save(): void {
    this.#effects.push({
      type: 'save',
      state: {
        ...this.#output.state,
        lastEpoch: this.#lifecycle.lastEpoch,
        open: this.#lifecycle.open,
      },
    });
  }

  #note(level: 'info' | 'warn', message: string): void {
    this.#effects.push({ type: 'note', level, message });
  }
}
