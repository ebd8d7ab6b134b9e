import { type Envelope, type FeedEvent } from '@shoal/protocol';

/** Every event that a webhook can have; `asked-for` ones only where they are asked for by name. */
const EVENTS: Readonly<Record<FeedEvent['type'], 'default' | 'asked-for'>> = {
  'channel.updated': 'default',
  'stream.online': 'default',
  'stream.interrupted': 'default',
  'stream.offline': 'default',
  'broadcast.transitioned': 'default',
  // Twenty a second in one channel.
  'chat.message': 'asked-for',
  'chat.message.deleted': 'default',
  'chat.user.banned': 'default',
  'chat.user.unbanned': 'default',
  'chat.settings.updated': 'default',
  'vod.ready': 'default',
  'donation.received': 'default',
  'subscription.created': 'default',
  'subscription.renewed': 'default',
  'subscription.gifted': 'default',
  'stream.health': 'default',
};

/** Types of events that a webhook can ask for. */
export const HOOK_EVENTS: readonly FeedEvent['type'][] = Object.keys(EVENTS) as FeedEvent['type'][]; // what the keys of the record are

/** What is sent to try a webhook, whatever it asks for. */
export const TEST_EVENT = 'webhook.test';

/** Whether a webhook is sent events of this type: those of its list, or, without one, all but chat messages (HOOK-1). */
export function isWanted(type: string, wanted: readonly string[] | undefined): boolean {
  if (wanted !== undefined) return wanted.includes(type);
  return new Map<string, string>(Object.entries(EVENTS)).get(type) === 'default';
}

/** The body of a delivery (Standard Webhooks, "Payload structure"), with where the event stands in its feed. */
export function hookBody(envelope: Envelope): string {
  const { type, at, data, id, channel, seq, version } = envelope;
  const timestamp = new Date(at).toISOString();
  return JSON.stringify({ type, timestamp, data, id, channel, seq, version });
}
