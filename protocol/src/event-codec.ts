import type { OriginEvent } from './events.ts';
import { type ChannelId, parseChannelId } from './ids.ts';
import { parseTrackerMessage } from './tracker/codec.ts';

/** The channel of publish and subscribe in Redis on which origins tell trackers what happens. */
export const ORIGIN_EVENTS_TOPIC = 'shoal:events';

const STREAM_EVENTS = ['stream.online', 'stream.interrupted', 'stream.offline'] as const;

/** An event as one message: JSON. */
export function formatOriginEvent(event: OriginEvent): string {
  return JSON.stringify(event);
}

/** Reads what an origin published; undefined for what is no event. */
export function parseOriginEvent(text: string): OriginEvent | undefined {
  const about = readAboutChannel(text);
  if (about === undefined) return undefined;
  const { fields, channel } = about;
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

/** Reads a message of JSON that names a channel; undefined for what is none. Its other fields are of unknown shape. */
export function readAboutChannel(
  text: string,
): { readonly channel: ChannelId; readonly fields: Readonly<Record<string, unknown>> } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const fields = value as Readonly<Record<string, unknown>>; // read as unknown
    const channel = parseChannelId(fields['channel']);
    return channel.ok ? { channel: channel.value, fields } : undefined;
  } catch {
    return undefined;
  }
}
