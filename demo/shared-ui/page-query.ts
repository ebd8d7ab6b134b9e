import { type ChannelId, parseChannelId } from '@shoal/protocol';

/** How the watch page plays: with Shoal, with the stock engine it is compared to, or with hls.js alone. */
export type EngineChoice = 'shoal' | 'p2p-media-loader' | 'plain';

/** The engines in the order of their menu. */
export const ENGINES: readonly EngineChoice[] = ['shoal', 'p2p-media-loader', 'plain'];

/** What the page keeps in its URL. */
export type PageQuery = {
  /** The launcher's channel when undefined. */
  readonly channel: ChannelId | undefined;
  readonly engine: EngineChoice;
  readonly p2p: boolean;
};

/** Reads `?channel=…&engine=…&p2p=0`; what cannot be read counts as absent. */
export function parsePageQuery(search: string): PageQuery {
  const query = new URLSearchParams(search);
  const channel = parseChannelId(query.get('channel'));
  return {
    channel: channel.ok ? channel.value : undefined,
    engine: ENGINES.find((known) => known === query.get('engine')) ?? 'shoal',
    p2p: query.get('p2p') !== '0',
  };
}

/** Writes what differs from the defaults; an empty text when nothing does. */
export function formatPageQuery(query: PageQuery): string {
  const out = new URLSearchParams();
  if (query.channel !== undefined) out.set('channel', query.channel);
  if (query.engine !== 'shoal') out.set('engine', query.engine);
  if (!query.p2p) out.set('p2p', '0');
  const text = out.toString();
  return text === '' ? '' : `?${text}`;
}
