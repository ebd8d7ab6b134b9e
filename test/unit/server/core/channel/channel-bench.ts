import { type OriginEvent } from '@shoal/protocol';
import {
  Channel,
  type ChannelEffect,
  type ChannelInput,
  type ChannelOptions,
  type ChannelState,
  FRESH_STATE,
} from '@shoal/server/core';
import { channelId } from '../../../../support/builders.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';
import { PlaylistLinter } from '../../../../support/lint/playlist-linter.ts';
import { sha256 } from '../../../../support/sha256.ts';
import { flvTag } from '../flv-tags.ts';
import { initSection, videoFragment } from '../fmp4/media-fixtures.ts';

/** When it all begins, Unix milliseconds. */
export const T0 = 1_700_000_000_000;

/** Carries out a channel's effects as its host does, and remembers them. */
export class Bench {
  readonly clock: ManualClock = new ManualClock(T0);
  readonly channel: Channel;
  readonly log: ChannelEffect[] = [];
  readonly stored = new Map<string, Uint8Array | string>();
  readonly linter: PlaylistLinter = new PlaylistLinter();
  readonly #mediaMs = new Map<number, number>();

  constructor(restored: ChannelState = FRESH_STATE, choices: Partial<ChannelOptions> = {}) {
    const options = {
      channel: channelId(),
      ladder: [],
      segmentMs: 2_000,
      listedSegments: 6,
      keptSegments: 5,
      interruptedMs: 30_000,
      closeAfterMs: 300_000,
      sha256,
      ...choices,
    };
    this.channel = new Channel(options, restored, T0);
  }

  step(input: ChannelInput): readonly ChannelEffect[] {
    const effects = this.channel.step(input, this.clock.now);
    for (const effect of effects) this.#run(effect);
    return effects;
  }

  /** A publisher that begins with a key frame. */
  publish(session: number): void {
    this.step({ type: 'publish', session });
    for (const tag of [flvTag.videoHeader(), flvTag.key(0)])
      this.step({ type: 'tag', session, tag });
  }

  /** The encoder gives fragments of these lengths, each when its time has passed. */
  encode(epoch: number, ...lengths: readonly number[]): void {
    for (const length of lengths) this.#encode(epoch, length, false);
  }

  /** The same in parts, after the last of which a segment ends. */
  encodeParts(epoch: number, ...lengths: readonly number[]): void {
    for (const [i, length] of lengths.entries())
      this.#encode(epoch, length, i === lengths.length - 1);
  }

  #encode(epoch: number, length: number, endsSegment: boolean): void {
    const startMs = this.#mediaMs.get(epoch) ?? 0;
    const durationMs = Math.abs(length);
    if (startMs === 0) this.step({ type: 'encoded', epoch, bytes: initSection('v') });
    this.clock.advance(durationMs);
    this.#mediaMs.set(epoch, startMs + durationMs);
    const bytes = videoFragment({ startMs, durationMs, key: length > 0 });
    this.step({ type: 'encoded', epoch, bytes, endsSegment });
  }

  /** The epoch of the encoder that was started last. */
  get epoch(): number {
    const started = this.effects('start-encoder').at(-1);
    if (started === undefined) throw new Error('no encoder');
    return started.epoch;
  }

  get playlist(): string | undefined {
    const text = this.stored.get('/live/demo/source/index.m3u8');
    return typeof text === 'string' ? text : undefined;
  }

  effects<Type extends ChannelEffect['type']>(
    type: Type,
  ): readonly Extract<ChannelEffect, { type: Type }>[] {
    return this.log.filter(
      (effect): effect is Extract<ChannelEffect, { type: Type }> => effect.type === type,
    );
  }

  events(): readonly OriginEvent['type'][] {
    return this.effects('event').map(({ event }) => event.type);
  }

  #run(effect: ChannelEffect): void {
    this.log.push(effect);
    if (effect.type === 'store') this.stored.set(effect.path, effect.bytes);
    else if (effect.type === 'evict') this.stored.delete(effect.path);
    else if (effect.type === 'playlist') {
      if (effect.text === undefined) this.stored.delete(effect.path);
      else this.stored.set(effect.path, effect.text);
      const ordinary = effect.path.endsWith('/source/index.m3u8');
      if (ordinary && effect.text?.includes('#EXTINF') === true) this.linter.observe(effect.text);
    }
  }
}
