import { readAboutChannel } from '@shoal/protocol';
import type { SwitchCommand } from '../../cluster.ts';
import { isViewerName } from '../../core/index.ts';

/** Reads what another node published; undefined for what is no command. */
export function parseSwitchCommand(text: string): SwitchCommand | undefined {
  const about = readAboutChannel(text);
  if (about === undefined) return undefined;
  const { fields, channel } = about;
  const { type, enabled, viewer } = fields;
  if (type === 'p2p' && typeof enabled === 'boolean') return { type, channel, enabled };
  return type === 'revoke' && isViewerName(viewer) ? { type, channel, viewer } : undefined;
}
