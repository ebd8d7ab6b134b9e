import { type ChannelId, parseChannelId } from '@shoal/protocol';
import type { SwitchCommand } from '../../cluster.ts';
import { isViewerName } from '../../core/index.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Reads what another node published; undefined for what is no command. */
export function parseSwitchCommand(text: string): SwitchCommand | undefined {
  const fields = readFields(text);
  const channel = readChannel(fields);
  if (fields === undefined || channel === undefined) return undefined;
  const { type, enabled, viewer } = fields;
  if (type === 'p2p' && typeof enabled === 'boolean') return { type, channel, enabled };
  return type === 'revoke' && isViewerName(viewer) ? { type, channel, viewer } : undefined;
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
