import {
  type Effect,
  ENGINE,
  type Input,
  type PlainSharing,
  type Report,
  SwarmEngine,
} from '@shoal/client-sdk/core';
import {
  digestsUrl,
  type Duty,
  encodePeerMessage,
  type PeerMessage,
  type TrackerMessage,
} from '@shoal/protocol';
import { channelId, type OriginSegment, peerId, pieceOf, renditionId, sha256 } from './builders.ts';
import {
  type EffectOf,
  isMessage,
  isOf,
  isReport,
  piecesOf,
  type SentMessage,
} from './engine-effects.ts';
import { ManualClock } from './manual-clock.ts';
import { seededRandom } from './seeded-random.ts';

type FetchEffect = EffectOf<'fetch'>;

/** Ticks at one instant before the engine counts as running in a circle. */
const TICKS_AT_ONCE = 20;

/**
 * A host of one engine in a test: a manual clock, ticks at the deadlines, and a record of all
 * effects. Throws when the engine hands over bytes that are not those of the segment demanded.
 */
export class EngineDriver {
  readonly clock: ManualClock = new ManualClock(1_000_000);
  readonly engine: SwarmEngine;
  /** All effects so far, and when. */
  readonly log: { readonly at: number; readonly effect: Effect }[] = [];
  readonly #open = new Map<number, FetchEffect>();
  readonly #segments = new Map<string, OriginSegment>();
  readonly #demanded = new Map<number, OriginSegment>();
  readonly #served = new Map<string, number>();
  #demands = 0;
  #tracked = false;

  constructor(
    options: {
      readonly shares?: boolean;
      readonly uploadLimit?: number;
      readonly uploadBudget?: number;
      readonly random?: () => number;
      readonly key?: string;
      readonly plain?: PlainSharing;
    } = {},
  ) {
    this.engine = new SwarmEngine({
      shares: options.shares ?? true,
      uploadLimit: options.uploadLimit,
      uploadBudget: options.uploadBudget,
      random: options.random ?? seededRandom(1),
      sha256,
      plain: options.plain,
      ...(options.key !== undefined && { key: options.key }),
    });
  }

  /** One input, now; returns its effects. */
  step(input: Input): readonly Effect[] {
    const effects = this.engine.step(input, this.clock.now);
    for (const effect of effects) {
      this.log.push({ at: this.clock.now, effect });
      if (effect.type === 'fetch') this.#open.set(effect.fetch, effect);
      if (effect.type === 'fetch-abort') this.#open.delete(effect.fetch);
      if (effect.type === 'tracker-connect') this.#tracked = true;
      if (effect.type === 'tracker-disconnect') this.#tracked = false;
      if (effect.type === 'deliver') this.#check(effect);
    }
    return effects;
  }

  /** Lets time pass, with a tick at every deadline; throws if the engine asks for ticks without end. */
  advance(ms: number): void {
    const end = this.clock.now + ms;
    let ticks = 0;
    for (;;) {
      const deadline = this.engine.deadline();
      if (deadline === undefined || deadline > end) break;
      ticks = deadline > this.clock.now ? 0 : ticks + 1;
      if (ticks > TICKS_AT_ONCE) throw new Error('the engine asks for ticks without end');
      this.clock.advanceTo(Math.max(deadline, this.clock.now));
      this.step({ type: 'tick' });
    }
    this.clock.advanceTo(end);
  }

  /** Lets time pass until an effect of this kind appears, and returns it and the time it took. */
  until<Type extends Effect['type']>(
    type: Type,
    withinMs: number,
  ): { readonly effect: EffectOf<Type>; readonly afterMs: number } {
    const from = this.log.length;
    const start = this.clock.now;
    while (this.clock.now <= start + withinMs) {
      for (const { at, effect } of this.log.slice(from))
        if (isOf(effect, type)) return { effect, afterMs: at - start };
      this.advance(1);
    }
    throw new Error(`no ${type} within ${withinMs} ms`);
  }

  /** Effects of one kind so far, in order. */
  all<Type extends Effect['type']>(type: Type): readonly EffectOf<Type>[] {
    return this.log.flatMap(({ effect }) => (isOf(effect, type) ? [effect] : []));
  }

  reports<Type extends Report['type']>(type: Type): readonly Extract<Report, { type: Type }>[] {
    return this.all('report').flatMap(({ report }) => (isReport(report, type) ? [report] : []));
  }

  /** Messages of one kind that the engine has sent to a peer. */
  sent<Type extends PeerMessage['type']>(peer: string, type: Type): readonly SentMessage<Type>[] {
    return this.all('send').flatMap(({ peer: to, message }) =>
      to === peer && isMessage(message, type) ? [message] : [],
    );
  }

  /** Lets the time pass after which the engine goes to the tracker although nothing plays (SWM-15). */
  goToTracker(): void {
    if (!this.#tracked) this.advance(ENGINE.startMs);
  }

  /** Forgets the effects so far. */
  forget(): void {
    this.log.length = 0;
    this.#served.clear();
  }

  /** Lists segments in a media playlist of their channel. */
  list(
    segments: readonly OriginSegment[],
    options: {
      readonly channel?: string;
      readonly rendition?: string;
      readonly ended?: boolean;
    } = {},
  ): readonly Effect[] {
    for (const segment of segments) this.#segments.set(segment.url, segment);
    return this.step({
      type: 'playlist',
      swarm: {
        channel: channelId(options.channel ?? 'demo'),
        rendition: renditionId(options.rendition ?? 'source'),
        segments: segments.map(({ info, url }) => ({ info, uri: url })),
        ended: options.ended ?? false,
      },
      urls: segments.map(({ url }) => url),
    });
  }

  /** Lists segments in a media playlist that carries no digests. */
  listPlain(
    segments: readonly OriginSegment[],
    options: { readonly channel?: string; readonly ended?: boolean } = {},
  ): readonly Effect[] {
    for (const segment of segments) this.#segments.set(segment.url, segment);
    return this.step({
      type: 'plain-playlist',
      channel: channelId(options.channel ?? 'demo'),
      rendition: renditionId(),
      ended: options.ended ?? false,
      segments: segments.map(({ info: { id, durationMs }, url }) => ({
        ...{ id, durationMs, url, within: undefined },
      })),
    });
  }

  play(next: number, bufferedMs: number, playing = true): readonly Effect[] {
    const main = { rendition: renditionId(), next, bufferedMs };
    return this.step({ type: 'playback', main, audio: undefined, playing });
  }

  /** Reports several tracks, by their renditions, as playing. */
  playTracks(tracks: {
    readonly main?: {
      readonly rendition: string;
      readonly next: number;
      readonly bufferedMs: number;
    };
    readonly audio?: {
      readonly rendition: string;
      readonly next: number;
      readonly bufferedMs: number;
    };
  }): readonly Effect[] {
    const named = (track: (typeof tracks)['main']) =>
      track && { ...track, rendition: renditionId(track.rendition) };
    const { main, audio } = tracks;
    return this.step({ type: 'playback', main: named(main), audio: named(audio), playing: true });
  }

  /** The player asks for a segment; returns the number of the demand. */
  demand(segment: OriginSegment): number {
    const demand = ++this.#demands;
    this.#demanded.set(demand, segment);
    this.step({ type: 'demand', demand, url: segment.url });
    return demand;
  }

  /** Demands that were answered with the segment. */
  get delivered(): readonly number[] {
    return this.all('deliver').map(({ demand }) => demand);
  }

  /** What was asked of the origin of a segment's own bytes, digest lists left out. */
  get ranges(): readonly ({ readonly from: number; readonly to: number } | undefined)[] {
    return this.all('fetch').flatMap(({ url, range }) => (url.includes('.m4s') ? [range] : []));
  }

  /** The tracker lets this viewer in. */
  join(viewers = 10): void {
    this.goToTracker();
    this.step({ type: 'tracker-open' });
    this.tell({
      action: 'welcome',
      version: 1,
      peer: peerId('me'),
      channel: channelId(),
      updateIntervalMs: 10_000,
      viewers,
    });
  }

  tell(message: TrackerMessage): readonly Effect[] {
    return this.step({ type: 'tracker-message', message });
  }

  /** The tracker announces a segment, with this viewer's duties. */
  announce(segment: OriginSegment, duties: readonly Duty[] = [], viewers = 10): readonly Effect[] {
    this.#segments.set(segment.url, segment);
    return this.tell({ action: 'segment', segment: segment.info, viewers, duties });
  }

  introduce(peer: string): readonly Effect[] {
    return this.tell({ action: 'introduce', peer: peerId(peer), session: 's', initiator: true });
  }

  /** Brings up a neighbour that has said hello. */
  meet(peer: string, options: { readonly shares?: boolean } = {}): void {
    this.introduce(peer);
    this.step({ type: 'link-open', peer: peerId(peer) });
    this.hear(peer, { type: 'hello', version: 1, shares: options.shares ?? true });
  }

  /** A message of a neighbour comes in. */
  hear(peer: string, message: PeerMessage): readonly Effect[] {
    return this.hearBytes(peer, encodePeerMessage(message));
  }

  /** A neighbour gives every piece that it is asked for, and those it is asked for then. */
  serve(segment: OriginSegment, peer: string): void {
    for (;;) {
      const requests = this.sent(peer, 'request');
      const served = this.#served.get(peer) ?? 0;
      const request = requests[served];
      if (request === undefined) return;
      this.#served.set(peer, served + 1);
      for (const index of piecesOf(request)) this.give(segment, peer, index);
    }
  }

  /** The pieces that a neighbour was asked for since the last `forget`, in that order. */
  asked(peer: string): readonly number[] {
    return this.sent(peer, 'request').flatMap(piecesOf);
  }

  /** A neighbour sends one genuine piece. */
  give(segment: OriginSegment, peer: string, index: number): readonly Effect[] {
    const payload = pieceOf(segment, index);
    return this.hear(peer, { type: 'piece', segment: segment.info.id, index, payload });
  }

  hearDigests({ info, digests }: OriginSegment, peer: string): readonly Effect[] {
    return this.hear(peer, { type: 'digests', segment: info.id, list: digests });
  }

  /** A neighbour says what a segment is. */
  hearClaim({ info, digests }: OriginSegment, peer: string): readonly Effect[] {
    return this.hear(peer, { type: 'claim', segment: info.id, size: info.size, list: digests });
  }

  hearBytes(peer: string, frame: Uint8Array): readonly Effect[] {
    return this.step({ type: 'link-frame', peer: peerId(peer), frame });
  }

  close(peer: string): readonly Effect[] {
    return this.step({ type: 'link-closed', peer: peerId(peer) });
  }

  /** A neighbour says that it holds these pieces of a segment; all of them if none are named. */
  have({ info }: OriginSegment, peer: string, indexes?: readonly number[]): readonly Effect[] {
    const pieces = Math.ceil(info.size / 16_384);
    const bitmap = new Uint8Array(Math.ceil(pieces / 8));
    for (const i of indexes ?? Array.from({ length: pieces }, (_, index) => index))
      bitmap[i >> 3] = (bitmap[i >> 3] ?? 0) | (0x80 >> (i & 7));
    return this.hear(peer, { type: 'have', segment: info.id, pieces, bitmap });
  }

  /** HTTP requests that have neither ended nor been aborted. */
  get openFetches(): readonly FetchEffect[] {
    return [...this.#open.values()];
  }

  /** Answers an HTTP request with what the origin has, in chunks; a URL it does not have is 404. */
  answer({ fetch, url, range }: FetchEffect, chunkBytes = 5_000): void {
    const body = this.#resource(url);
    if (body === undefined) {
      this.fail(fetch, 404);
      return;
    }
    const bytes = range === undefined ? body : body.subarray(range.from, range.to);
    this.respond(fetch, { offset: range?.from ?? 0, bytes, chunkBytes });
  }

  /** Answers an HTTP request with these bytes. */
  respond(
    fetch: number,
    body: { readonly offset: number; readonly bytes: Uint8Array; readonly chunkBytes?: number },
  ): void {
    const { offset, bytes, chunkBytes = 5_000 } = body;
    this.step({ type: 'fetch-start', fetch, offset });
    for (let at = 0; at < bytes.length && this.#open.has(fetch); at += chunkBytes)
      this.step({ type: 'fetch-data', fetch, bytes: bytes.subarray(at, at + chunkBytes) });
    this.end(fetch);
  }

  end(fetch: number): void {
    if (this.#open.delete(fetch)) this.step({ type: 'fetch-end', fetch });
  }

  fail(fetch: number, status: number): void {
    this.#open.delete(fetch);
    this.step({ type: 'fetch-failed', fetch, status });
  }

  /** Answers all open HTTP requests, and those that follow from the answers. */
  answerAll(): void {
    for (let next = this.openFetches[0]; next !== undefined; next = this.openFetches[0])
      this.answer(next);
  }

  #check({ demand, data }: EffectOf<'deliver'>): void {
    const bytes = this.#demanded.get(demand)?.bytes;
    if (bytes === undefined || Buffer.compare(bytes, data) !== 0)
      throw new Error(`demand ${demand} was answered with foreign bytes`);
  }

  #resource(url: string): Uint8Array | undefined {
    for (const segment of this.#segments.values()) {
      if (segment.url === url) return segment.bytes;
      if (digestsUrl(segment.url) === url) return segment.digests;
    }
    return undefined;
  }
}
