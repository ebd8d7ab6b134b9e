import {
  type ChannelId,
  type OriginEvent,
  parseChannelId,
  parseTrackerMessage,
} from '@shoal/protocol';
import type { SwitchCommand } from '../../cluster.ts';
import { isViewerName } from '../../core/index.ts';

type Fields = Readonly<Record<string, unknown>>;

const STREAM_EVENTS = ['stream.online', 'stream.interrupted', 'stream.offline'] as const;

/** Reads what another node published; undefined for what is no command. */
export function parseSwitchCommand(text: string): SwitchCommand | undefined {
  const fields = readFields(text);
  const channel = readChannel(fields);
  if (fields === undefined || channel === undefined) return undefined;
  const { type, enabled, viewer } = fields;
  if (type === 'p2p' && typeof enabled === 'boolean') return { type, channel, enabled };
  return type === 'revoke' && isViewerName(viewer) ? { type, channel, viewer } : undefined;
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
