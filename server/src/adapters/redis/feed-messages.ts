import { type Envelope, type FeedAudience, parseChannelId } from '@shoal/protocol';
import { type FeedId } from '../../core/index.ts';

/** What a process told of a feed. */
export type FeedMessage = {
  readonly process: string;
  readonly feed: FeedId;
  readonly envelope: Envelope;
};

/** An event as one text: who tells it, whose it is, and itself. */
export function formatFeedMessage(
  process: string,
  audience: FeedAudience,
  envelope: Envelope,
): string {
  return `${process} ${audience} ${JSON.stringify(envelope)}`;
}

/** Reads what {@link formatFeedMessage} wrote; undefined for anything else. */
export function parseFeedMessage(text: string): FeedMessage | undefined {
  const [, process, audience, json] = /^(\S{1,64}) (viewers|streamer) (\{.*)$/.exec(text) ?? [];
  if (process === undefined || json === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return undefined;
  }
  const { channel, seq, id, type, data } = parsed as Readonly<Record<string, unknown>>; // it begins with a brace
  const named = typeof channel === 'string' ? parseChannelId(channel) : undefined;
  if (named?.ok !== true || !Number.isSafeInteger(seq) || Number(seq) < 1) return undefined;
  if (typeof id !== 'string' || typeof type !== 'string') return undefined;
  if (typeof data !== 'object' || data === null) return undefined;
  return {
    process,
    feed: { channel: named.value, audience: audience === 'streamer' ? audience : 'viewers' },
    // All else comes from a process of the same version, and is only handed on.
    envelope: parsed as Envelope,
  };
}
