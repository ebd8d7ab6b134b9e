import type { Effect, Input } from '@shoal/client-sdk/core';
import { FRAME, type PeerId, pieceCount, type SegmentId, segmentKey } from '@shoal/protocol';

/** When a viewer held all of a segment, verified. */
export type Fill = { readonly id: SegmentId; readonly at: number };

/** Room for hours of a viewer, and an end. */
const MAX_NOTES = 20_000;

/**
 * Sees from outside what one engine does: when its segments are complete, by what it announces to its
 * neighbours (later by what PEER-4 allows), and how long its neighbours take to answer its requests.
 */
export class EngineWatch {
  readonly fills: Fill[] = [];
  /** Ms. */
  readonly responses: number[] = [];
  #frames = 0;
  #since: number | undefined;
  readonly #held = new Map<string, Set<number>>();
  readonly #pieces = new Map<string, number>();
  readonly #asked = new Map<PeerId, number>();

  /** To be told of every step. `now` is the engine's clock. */
  step(input: Input, effects: readonly Effect[], now: number): void {
    this.#see(input, now);
    for (const effect of effects) if (effect.type === 'send') this.#sends(effect, now);
  }

  /** Frames that came from neighbours, a second, since the first step. */
  framesPerSecond(now: number): number {
    return this.#since === undefined ? 0 : (1000 * this.#frames) / Math.max(now - this.#since, 1);
  }

  #see(input: Input, now: number): void {
    this.#since ??= now;
    if (input.type === 'link-frame') this.#frames += 1;
    if (input.type === 'link-frame' && input.frame[0] === FRAME.piece) {
      const since = this.#asked.get(input.peer);
      this.#asked.delete(input.peer);
      if (since !== undefined && this.responses.length < MAX_NOTES)
        this.responses.push(now - since);
    } else if (input.type === 'playlist')
      for (const { info } of input.swarm.segments)
        this.#pieces.set(segmentKey(info.id), pieceCount(info.size));
    else if (input.type === 'tracker-message' && input.message.action === 'segment') {
      const { segment } = input.message;
      this.#pieces.set(segmentKey(segment.id), pieceCount(segment.size));
    }
  }

  #sends({ peer, message }: Extract<Effect, { type: 'send' }>, now: number): void {
    if (message.type === 'request') this.#asked.set(peer, now);
    else if (message.type === 'pieces') this.#holds(message.segment, message.indexes, now);
    else if (message.type === 'have') {
      const { bitmap, pieces } = message;
      const indexes = Array.from({ length: pieces }, (_, i) => i);
      const held = indexes.filter((i) => ((bitmap[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0);
      this.#holds(message.segment, held, now);
    }
  }

  #holds(id: SegmentId, indexes: readonly number[], now: number): void {
    const key = segmentKey(id);
    const held = this.#held.get(key) ?? new Set();
    const before = held.size;
    this.#held.set(key, held);
    for (const index of indexes) held.add(index);
    const pieces = this.#pieces.get(key);
    if (held.size === pieces && before < pieces && this.fills.length < MAX_NOTES)
      this.fills.push({ id, at: now });
  }
}
