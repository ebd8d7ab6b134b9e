/** 20 bytes that are no UTF-8, as stock clients write them: Latin-1 characters in JSON. */
export const HASH = String.fromCharCode(...Array.from({ length: 20 }, (_, i) => 240 - i * 12));

/** What p2p-media-loader uses as an info hash: 20 characters of base64. */
export const OTHER_HASH = 'abcdefghijklmnopqrst';

/** A peer id of 20 characters that begins with `name`. */
export function peerId(name: string): string {
  return name.padEnd(20, '\u00ff').slice(0, 20);
}

/** An offer id of 20 characters. */
export function offerId(name: string): string {
  return name.padEnd(20, '-').slice(0, 20);
}

/** An announce as bittorrent-tracker 11 sends it, with `offers` offers. */
export function announce(
  name: string,
  fields: Readonly<Record<string, unknown>> & { readonly count?: number } = {},
): Readonly<Record<string, unknown>> {
  const { count = 0, ...rest } = fields;
  return {
    action: 'announce',
    info_hash: HASH,
    peer_id: peerId(name),
    numwant: count,
    uploaded: 0,
    downloaded: 0,
    offers: Array.from({ length: count }, (_, i) => ({
      offer_id: offerId(`${name}${String(i)}`),
      offer: { type: 'offer', sdp: `sdp of ${name}` },
    })),
    ...rest,
  };
}

/** The answer of `name` to an offer that `to` made. */
export function answer(
  name: string,
  to: { readonly peer: string; readonly offer: string },
): Readonly<Record<string, unknown>> {
  return {
    action: 'announce',
    info_hash: HASH,
    peer_id: peerId(name),
    to_peer_id: to.peer,
    offer_id: to.offer,
    answer: { type: 'answer', sdp: `sdp of ${name}` },
  };
}
