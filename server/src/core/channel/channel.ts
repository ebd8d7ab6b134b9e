import { assertNever, digestList, rootOf, type SegmentId, type SegmentInfo } from '@shoal/protocol';
import { DeliveryAccounting, type SegmentDelivery } from '../delivery/accounting.ts';
import { fragmentMsFor } from '../encoder/ffmpeg-args.ts';
import { PublishFeed } from '../flv/publish-feed.ts';
import { type CutSegment, ROUNDING_MS, Segmenter } from '../fmp4/segmenter.ts';
import { ORIGIN_LIMITS } from '../limits.ts';
import { type ChannelState } from './channel-state.ts';
import { EncoderEpochs, type Epoch } from './encoder-epochs.ts';
import { Lifecycle, type LifecycleEffect, type SessionId } from './lifecycle.ts';
import { digestsPath, initPath, playlistPath, segmentPath } from './live-paths.ts';
import {
  type ChannelEffect,
  type ChannelInput,
  type ChannelOptions,
  type ChannelStatus,
  type Stored,
  type StoredKind,
} from './messages.ts';
import { type EpochMedia, Timeline } from './timeline.ts';

/** The longest target duration; a first group of pictures longer than this is cut without a key frame. */
const MAX_TARGET_SECONDS = 10;
const KEYS_TOO_FAR_APART =
  'key frames are too far apart: set the key frame interval to the segment length';

/** A channel of one rendition: publishers, encoders, segments and playlists. Pure; its host does the rest. */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #lifecycle: Lifecycle;
  readonly #timeline: Timeline;
  readonly #delivery: DeliveryAccounting = new DeliveryAccounting({
    segments: ORIGIN_LIMITS.deliverySegments,
  });
  readonly #epochs: EncoderEpochs = new EncoderEpochs();
  #feed: PublishFeed = new PublishFeed();
  #session: SessionId | undefined;
  #lastEpoch: number | undefined;
  #lastMsn: number | undefined;
  #reason: string | undefined;
  #keysTooFarApart = false;
  #effects: ChannelEffect[] = [];

  constructor(options: ChannelOptions, restored: ChannelState, now: number) {
    this.#options = options;
    const { channel, rendition, segmentMs } = options;
    this.#timeline = new Timeline(
      {
        channel,
        rendition,
        segmentMs,
        window: {
          listed: options.listedSegments,
          kept: options.keptSegments,
          maxBytes: ORIGIN_LIMITS.channelBytes,
        },
      },
      restored,
    );
    this.#lifecycle = new Lifecycle(
      {
        interruptedMs: options.interruptedMs,
        closeAfterMs: options.closeAfterMs,
        lastEpoch: restored.lastEpoch,
        watchdogMs: () =>
          3 * (this.#timeline.targetDuration ?? Math.max(5, segmentMs / 1000)) * 1000,
        ...(restored.open && { resumesAt: now }),
      },
      now,
    );
  }

  /** Does what an input asks for; the returned effects are to be carried out in order, before the next input. */
  step(input: ChannelInput, now: number): readonly ChannelEffect[] {
    this.#effects = [];
    switch (input.type) {
      case 'publish':
        this.#session = input.session;
        this.#feed = new PublishFeed();
        this.#reason = undefined;
        this.#keysTooFarApart = false;
        this.#apply(this.#lifecycle.step({ type: 'publish', session: input.session }, now), now);
        break;
      case 'tag':
        if (input.session === this.#session) this.#tag(input.tag, now);
        break;
      case 'unpublish':
        if (input.session === this.#session) this.#unpublish(input.reason, now);
        break;
      case 'encoded':
        this.#encoded(input.epoch, input.bytes, now);
        break;
      case 'encoder-exit':
        this.#encoderExit(input.epoch, input.detail, now);
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

  /** Counts body bytes of a segment that were written to a socket. */
  served(id: SegmentId, bytes: number): void {
    this.#delivery.served(id, bytes);
  }

  /** What was served of the newest segments, oldest first. */
  delivery(): readonly SegmentDelivery[] {
    return this.#delivery.list();
  }

  /** True while viewers may expect a playlist soon, although there may be none yet. */
  get expectsMedia(): boolean {
    const { state } = this.#lifecycle.state;
    return state === 'starting' || state === 'live' || state === 'interrupted';
  }

  status(): ChannelStatus {
    const { state, since } = this.#lifecycle.state;
    const rendition = this.#timeline.rendition();
    const { targetDuration } = this.#timeline;
    return {
      channel: this.#options.channel,
      state,
      since,
      ...(this.#reason !== undefined && { reason: this.#reason }),
      ...(rendition !== undefined && { rendition }),
      ...(this.#lastEpoch !== undefined && { epoch: this.#lastEpoch }),
      ...(this.#lastMsn !== undefined && { lastMsn: this.#lastMsn }),
      ...(targetDuration !== undefined && { targetDurationMs: targetDuration * 1000 }),
    };
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
    if (verdict.type === 'refuse') {
      this.#refuse(`unsupported codec: ${verdict.codec} (H.264 and AAC are)`, now);
      return;
    }
    const { startedAt } = this.#feed;
    this.#apply(this.#lifecycle.step({ type: 'media' }, now), now);
    const { current } = this.#epochs;
    if (current === undefined) return;
    if (startedAt !== undefined) current.mediaAt ??= now;
    this.#effects.push({ type: 'feed-encoder', epoch: current.epoch, tag });
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
    this.#feed = new PublishFeed();
    this.#reason = reason;
    this.#note('info', `publisher gone: ${reason}`);
    this.#apply(this.#lifecycle.step({ type: 'unpublish', session }, now), now);
  }

  #encoded(epoch: number, bytes: Uint8Array, now: number): void {
    const record = this.#epochs.get(epoch);
    if (record === undefined || record.doomed) return;
    const cuts = record.segmenter.push(bytes);
    if (!cuts.ok) {
      this.#replace(record, `encoder output: ${cuts.error}`, now);
      return;
    }
    for (const cut of cuts.value) {
      if (cut.type === 'init')
        record.init = { bytes: cut.bytes, tracks: cut.tracks, stored: false };
      else this.#segment(record, cut.segment, now);
    }
  }

  #encoderExit(epoch: number, detail: string, now: number): void {
    const record = this.#epochs.get(epoch);
    if (record === undefined) return;
    const rest = record.doomed ? undefined : record.segmenter.finish();
    if (rest !== undefined) this.#segment(record, rest, now);
    if (this.#epochs.end(record)) {
      this.#reason = `encoder ended: ${detail}`;
      this.#note('warn', this.#reason);
    }
    this.#apply(this.#lifecycle.step({ type: 'encoder-exit', epoch }, now), now);
  }

  /** Has an encoder replaced whose output is of no use. */
  #replace(record: Epoch, reason: string, now: number): void {
    record.doomed = true;
    this.#note('warn', reason);
    if (!this.#epochs.release(record)) return;
    this.#reason = reason;
    // What it choked on may be in the group that would be fed to the next one.
    this.#feed.forgetGroup();
    const { epoch } = record;
    this.#apply(this.#lifecycle.step({ type: 'replace-encoder', epoch }, now), now);
  }

  #segment(record: Epoch, cut: CutSegment, now: number): void {
    const { init, mediaAt } = record;
    const { state } = this.#lifecycle.state;
    const wanted = state === 'starting' || state === 'live' || state === 'interrupted';
    if (!wanted || init === undefined || mediaAt === undefined || record.doomed) return;
    // The tail of an encoder that was overtaken by its successor has no place any more.
    if (!this.#timeline.continues(record.epoch) || cut.durationMs <= 0) return;
    if (cut.durationMs > this.#limitMs()) {
      this.#replace(record, 'a jump in the timestamps made a segment too long', now);
      return;
    }
    const { channel, rendition, sha256 } = this.#options;
    const id: SegmentId = { rendition, epoch: record.epoch, msn: this.#timeline.nextMsn };
    const digests = digestList(cut.bytes, sha256);
    const segment: SegmentInfo = {
      id,
      size: cut.bytes.length,
      durationMs: Math.round(cut.durationMs),
      root: rootOf(digests, sha256),
    };
    if (!init.stored) this.#store('init', initPath(channel, id), { bytes: init.bytes });
    init.stored = true;
    this.#store('segment', segmentPath(channel, id), { bytes: cut.bytes, id });
    this.#store('digests', digestsPath(channel, id), { bytes: digests, id });
    const media = { epoch: record.epoch, tracks: init.tracks, mediaAt };
    this.#place(segment, { cut, media }, now);
  }

  #place(
    segment: SegmentInfo,
    { cut, media }: { readonly cut: CutSegment; readonly media: EpochMedia },
    now: number,
  ): void {
    const { channel } = this.#options;
    const dropped = this.#timeline.add(segment, cut, media);
    this.#lastMsn = segment.id.msn;
    this.#lastEpoch = segment.id.epoch;
    this.#delivery.ready(segment, now);
    this.#effects.push({
      type: 'event',
      event: { type: 'segment.ready', channel, segment, at: now },
    });
    this.#apply(this.#lifecycle.step({ type: 'segment', epoch: media.epoch }, now), now);
    if (!cut.independent) this.#keysTooFarApart = true;
    // What is wrong with the last segment of a publisher that is gone is no news.
    if (this.#session !== undefined)
      this.#reason = this.#keysTooFarApart ? KEYS_TOO_FAR_APART : undefined;
    this.#save();
    this.#playlists();
    for (const { info } of dropped) {
      this.#effects.push({ type: 'evict', path: segmentPath(channel, info.id) });
      this.#effects.push({ type: 'evict', path: digestsPath(channel, info.id) });
      if (!this.#timeline.keeps(info.id.epoch))
        this.#effects.push({ type: 'evict', path: initPath(channel, info.id) });
    }
  }

  #limitMs(): number {
    return (this.#timeline.targetDuration ?? MAX_TARGET_SECONDS) * 1000 + ROUNDING_MS;
  }

  #apply(effects: readonly LifecycleEffect[], now: number): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'start-encoder':
          this.#startEncoder(effect.epoch);
          break;
        case 'finish-encoder':
        case 'kill-encoder':
          this.#endEncoder(effect.type, effect.epoch);
          break;
        case 'drop-publisher':
          this.#effects.push(effect);
          break;
        case 'broadcast-begins':
          this.#timeline.begin();
          this.#playlists();
          break;
        case 'close-playlists':
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
    this.#effects.push({ type: 'event', event: { type: `stream.${what}`, channel, at: now } });
  }

  #startEncoder(epoch: number): void {
    const { segmentMs } = this.#options;
    const fragmentMs = fragmentMsFor(segmentMs);
    const limitMs = (): number => this.#limitMs();
    const segmenter = new Segmenter({ targetMs: segmentMs, fragmentMs, limitMs });
    const { tags, mediaAt } = this.#feed.preamble();
    const record: Epoch = { epoch, segmenter, mediaAt, doomed: false };
    for (const old of this.#epochs.begin(record))
      this.#effects.push({ type: 'kill-encoder', epoch: old });
    this.#save();
    this.#effects.push({ type: 'start-encoder', epoch, fragmentMs, preamble: tags });
  }

  #endEncoder(type: 'finish-encoder' | 'kill-encoder', epoch: number): void {
    const record = this.#epochs.get(epoch);
    if (record !== undefined && type === 'kill-encoder') record.doomed = true;
    this.#epochs.release(record);
    this.#effects.push({ type, epoch });
  }

  #store(kind: StoredKind, path: string, object: Stored): void {
    this.#effects.push({ type: 'store', path, kind, ...object });
  }

  #playlists(): void {
    const { channel, rendition } = this.#options;
    const { state } = this.#lifecycle.state;
    const ended = state === 'ended' && !this.#lifecycle.open;
    const text = this.#timeline.playlist(ended);
    this.#effects.push(
      { type: 'playlist', path: playlistPath(channel, rendition), text },
      {
        type: 'playlist',
        path: playlistPath(channel),
        text: text === undefined ? undefined : this.#timeline.multivariant(),
      },
    );
  }

  #save(): void {
    const { targetDuration } = this.#timeline;
    this.#effects.push({
      type: 'save',
      state: {
        nextMsn: this.#timeline.nextMsn,
        discontinuity: this.#timeline.discontinuity,
        lastEpoch: this.#lifecycle.lastEpoch,
        ...(targetDuration !== undefined && { targetDuration }),
        open: this.#lifecycle.open,
      },
    });
  }

  #note(level: 'info' | 'warn', message: string): void {
    this.#effects.push({ type: 'note', level, message });
  }
}
