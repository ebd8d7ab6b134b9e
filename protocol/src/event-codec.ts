import type { OriginEvent } from './events.ts';
import { type ChannelId, parseChannelId } from './ids.ts';
import { parseTrackerMessage } from './tracker/codec.ts';

/** The channel of publish and subscribe in Redis on which origins tell trackers what happens. */
export const ORIGIN_EVENTS_TOPIC = 'shoal:events';

type Fields = Readonly<Record<string, unknown>>;

const STREAM_EVENTS = ['stream.online', 'stream.interrupted', 'stream.offline'] as const;

/** An event as one message: JSON. */
export function formatOriginEvent(event: OriginEvent): string {
  return JSON.stringify(event);
}

/** Reads what an origin published; undefined for what is no event. */
export function parseOriginEvent(text: string): OriginEvent | undefined {
  const fields = readFields(text);
  const channel = readChannel(fields);
  if (fields === undefined || channel === undefined) return undefined;
  const { at, segment } = fields;
  if (typeof at !== 'number') return undefined;
  const type = STREAM_EVENTS.find((known) => known === fields['type']);
  if (type !== undefined) return { type, channel, at };
  if (fields['type'] !== 'segment.ready') return undefined;
  // A segment has one shape, on the bus as in the message that viewers get.
  const message = parseTrackerMessage({ action: 'segment', viewers: 0, duties: [], segment });
  return message.ok && message.value.action === 'segment'
    ? { type: 'segment.ready', channel, at, segment: message.value.segment }
    : undefined;
}

function readFields(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined; // read as unknown
  } catch {
    return undefined;
  }
}

function readChannel(fields: Fields | undefined): ChannelId | undefined {
  const channel = parseChannelId(fields?.['channel']);
  return channel.ok ? channel.value : undefined;
}
