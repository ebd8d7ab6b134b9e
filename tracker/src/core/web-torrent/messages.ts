import { err, LIMITS, ok, type Result } from '@shoal/protocol';
import type { TrackerLimits } from '../limits.ts';

/**
 * The WebTorrent tracker protocol as bittorrent-tracker 11 and p2p-media-loader 2 speak it: JSON with an
 * `action`; ids are 20 bytes written as 20 characters of Latin-1.
 */
export type WebTorrentMessage =
  | {
      readonly type: 'announce';
      readonly infoHash: string;
      readonly peerId: string;
      /** `stopped` leaves the swarm; anything else only refreshes the membership. */
      readonly stopped: boolean;
      /** Nothing left to download. */
      readonly complete: boolean;
      /** For as many other peers; at most `offersPerAnnounce`. */
      readonly offers: readonly Offer[];
    }
  | {
      readonly type: 'answer';
      readonly infoHash: string;
      readonly peerId: string;
      readonly toPeerId: string;
      readonly offerId: string;
      readonly sdp: string;
    }
  | { readonly type: 'scrape'; readonly infoHashes: readonly string[] };

type Offer = { readonly offerId: string; readonly sdp: string };

/**
 * What a client of the WebTorrent dialect is sent. The clients take any other action, and a failure without
 * `action` and `info_hash`, for a broken tracker and stay away for minutes (TRK-1).
 */
export type WebTorrentReply =
  | {
      readonly action: 'announce';
      readonly info_hash: string;
      /** Seconds. */
      readonly interval: number;
      readonly complete: number;
      readonly incomplete: number;
    }
  | {
      readonly action: 'announce';
      readonly info_hash: string;
      readonly peer_id: string;
      readonly offer_id: string;
      readonly offer: { readonly type: 'offer'; readonly sdp: string };
    }
  | {
      readonly action: 'announce';
      readonly info_hash: string;
      readonly peer_id: string;
      readonly offer_id: string;
      readonly answer: { readonly type: 'answer'; readonly sdp: string };
    }
  | {
      readonly action: 'scrape';
      readonly files: Readonly<Record<string, SwarmCounts>>;
    }
  | {
      readonly action: 'announce';
      readonly info_hash: string;
      readonly 'failure reason': string;
    };

export type SwarmCounts = {
  readonly complete: number;
  readonly incomplete: number;
  readonly downloaded: number;
};

type Fields = Readonly<Record<string, unknown>>;

/** Reads one message, already parsed from JSON; arrays are measured before they are walked. Never throws. */
export function parseWebTorrentMessage(
  value: unknown,
  limits: TrackerLimits,
): Result<WebTorrentMessage, string> {
  if (!isFields(value)) return err('not an object');
  if (value['action'] === 'scrape') return parseScrape(value['info_hash'], limits);
  if (value['action'] !== 'announce') return err('unknown action');
  const { info_hash: infoHash, peer_id: peerId } = value;
  if (!isBinaryId(infoHash)) return err('bad info_hash');
  if (!isBinaryId(peerId)) return err('bad peer_id');
  const ids = { infoHash, peerId };
  if (isPresent(value['answer'])) return parseAnswer(value, ids);
  const { event, left, numwant } = value;
  const stopped = event === 'stopped';
  const complete = event === 'completed' || left === 0;
  const offers = parseOffers(value['offers'], limits);
  if (!offers.ok) return offers;
  const wanted =
    typeof numwant === 'number' && numwant >= 0 ? Math.floor(numwant) : offers.value.length;
  return ok({
    type: 'announce',
    ...ids,
    stopped,
    complete,
    offers: offers.value.slice(0, wanted),
  });
}

function parseAnswer(
  value: Fields,
  ids: { readonly infoHash: string; readonly peerId: string },
): Result<WebTorrentMessage, string> {
  const { answer, to_peer_id: toPeerId, offer_id: offerId } = value;
  if (!isBinaryId(toPeerId)) return err('bad to_peer_id');
  if (!isBinaryId(offerId)) return err('bad offer_id');
  if (!isFields(answer) || answer['type'] !== 'answer' || !isSdp(answer['sdp']))
    return err('bad answer');
  return ok({ type: 'answer', ...ids, toPeerId, offerId, sdp: answer['sdp'] });
}

function parseOffers(value: unknown, limits: TrackerLimits): Result<readonly Offer[], string> {
  if (!isPresent(value)) return ok([]);
  if (!Array.isArray(value) || value.length > limits.offersPerAnnounce) return err('bad offers');
  const offers: Offer[] = [];
  for (const item of value as readonly unknown[]) {
    if (!isFields(item) || !isFields(item['offer'])) return err('bad offer');
    const { offer_id: offerId, offer } = item;
    const { type, sdp } = offer;
    if (!isBinaryId(offerId) || type !== 'offer' || !isSdp(sdp)) return err('bad offer');
    offers.push({ offerId, sdp });
  }
  return ok(offers);
}

function parseScrape(value: unknown, limits: TrackerLimits): Result<WebTorrentMessage, string> {
  const hashes: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (hashes.length === 0 || hashes.length > limits.hashesPerScrape) return err('bad scrape');
  return hashes.every(isBinaryId)
    ? ok({ type: 'scrape', infoHashes: hashes })
    : err('bad info_hash');
}

/** 20 characters of Latin-1. */
const BINARY_ID = /^[^\u0100-\uffff]{20}$/;

function isBinaryId(value: unknown): value is string {
  return typeof value === 'string' && BINARY_ID.test(value);
}

function isSdp(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LIMITS.sdpBytes;
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
