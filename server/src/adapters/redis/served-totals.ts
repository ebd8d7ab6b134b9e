import { type ChannelId, parseRenditionId, type SegmentId, segmentKey } from '@shoal/protocol';
import { type SegmentDelivery } from '../../core/index.ts';

/** What was served of a segment. */
export type ServedTotal = { readonly bytes: number; readonly requests: number };

/** What needs to be known to take in what others served. */
type TotalsPorts = {
  readonly delivery: (channel: ChannelId) => readonly SegmentDelivery[];
  readonly served: (channel: ChannelId, id: SegmentId, total: ServedTotal) => void;
};

/** Takes what delivery processes served, which they add up in one place, over into the origin's own count. */
export class ServedTotals {
  readonly #ports: TotalsPorts;
  readonly #seen = new Map<ChannelId, ReadonlyMap<string, ServedTotal>>();

  constructor(ports: TotalsPorts) {
    this.#ports = ports;
  }

  /** Counts what has come since the last time; the fields of segments that are no longer counted, which may go. */
  take(channel: ChannelId, reply: unknown): string[] {
    const fields = new Map(Object.entries(Object(reply) as Readonly<Record<string, unknown>>));
    const counted = new Map(this.#ports.delivery(channel).flatMap(keyed));
    const before = this.#seen.get(channel);
    const now = new Map<string, ServedTotal>();
    const gone: string[] = [];
    for (const field of fields.keys()) {
      const [segment = '', what] = field.split(' ');
      if (!counted.has(segment)) gone.push(field);
      else if (what === 'bytes')
        now.set(segment, {
          bytes: numberOf(fields.get(field)),
          requests: numberOf(fields.get(`${segment} requests`)),
        });
    }
    for (const [segment, total] of now) {
      const was = before?.get(segment);
      // Of a Redis that was emptied all is new.
      const from = was === undefined || total.bytes < was.bytes ? { bytes: 0, requests: 0 } : was;
      const bytes = total.bytes - from.bytes;
      const requests = Math.max(0, total.requests - from.requests);
      const id = counted.get(segment);
      if (bytes > 0 && id !== undefined) this.#ports.served(channel, id, { bytes, requests });
    }
    this.#seen.set(channel, now);
    return gone;
  }
}

function keyed({ rendition, epoch, msn }: SegmentDelivery): [string, SegmentId][] {
  const name = parseRenditionId(rendition);
  if (!name.ok) return [];
  const id = { rendition: name.value, epoch, msn };
  return [[segmentKey(id), id]];
}

function numberOf(text: unknown): number {
  const value = typeof text === 'string' ? Number(text) : NaN;
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
