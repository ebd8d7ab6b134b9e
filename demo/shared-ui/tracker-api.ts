/** A viewer in the tracker's swarm view; what is not known is left out. */
export type SwarmPeer = {
  readonly peer: string;
  readonly shares: boolean;
  /** May take stripes from the server for the others. */
  readonly holder: boolean;
  readonly neighbours: number;
  /** What others get from it, over the bitrate that it watches. */
  readonly uploadRatio: number;
  readonly rendition: string | undefined;
  readonly next: number | undefined;
};

/** The answer to the tracker's `GET /v1/channels/{channel}/swarm`. */
export type Swarm = {
  readonly p2p: boolean;
  /** All of them; `peers` may hold fewer. */
  readonly viewers: number;
  readonly peers: readonly SwarmPeer[];
  readonly links: readonly { readonly a: string; readonly b: string; readonly active: boolean }[];
  readonly windows: readonly {
    readonly rendition: string;
    readonly from: number;
    readonly viewers: number;
  }[];
  /** Stripes of the last segments, the newest first; `rank` 0 is the owner. */
  readonly duties: readonly {
    readonly msn: number;
    readonly stripes: readonly {
      readonly peer: string;
      readonly stripe: number;
      readonly of: number;
      readonly rank: number;
    }[];
  }[];
};

type Fields = Readonly<Record<string, unknown>>;

/** Reads a swarm; entries that cannot be read are left out. Undefined for what is none. */
export function parseSwarm(value: unknown): Swarm | undefined {
  const fields = record(value);
  const viewers = number(fields?.['viewers']);
  if (fields === undefined || viewers === undefined) return undefined;
  return {
    p2p: fields['p2p'] !== false,
    viewers,
    peers: entries(fields['peers'], readPeer),
    links: entries(fields['links'], ({ a, b, state }) =>
      typeof a === 'string' && typeof b === 'string'
        ? { a, b, active: state === 'active' }
        : undefined,
    ),
    windows: entries(fields['windows'], ({ rendition, from, viewers: count }) =>
      typeof rendition === 'string' && typeof from === 'number' && typeof count === 'number'
        ? { rendition, from, viewers: count }
        : undefined,
    ),
    duties: entries(fields['duties'], ({ segment, stripes }) => {
      const msn = number(record(segment)?.['msn']);
      return msn === undefined ? undefined : { msn, stripes: entries(stripes, readStripe) };
    }),
  };
}

function readPeer({ peer, shares, holder, neighbours, uploadRatio, position }: Fields) {
  if (typeof peer !== 'string') return undefined;
  const at = record(position);
  const rendition = at?.['rendition'];
  return {
    peer,
    shares: shares === true,
    holder: holder === true,
    neighbours: number(neighbours) ?? 0,
    uploadRatio: number(uploadRatio) ?? 0,
    rendition: typeof rendition === 'string' ? rendition : undefined,
    next: number(at?.['next']),
  };
}

function readStripe({ peer, stripe, of, rank }: Fields) {
  return typeof peer === 'string' &&
    typeof stripe === 'number' &&
    typeof of === 'number' &&
    typeof rank === 'number'
    ? { peer, stripe, of, rank }
    : undefined;
}

function entries<T>(value: unknown, read: (fields: Fields) => T | undefined): readonly T[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly unknown[]).flatMap((item) => {
    const fields = record(item);
    const entry = fields && read(fields);
    return entry === undefined ? [] : [entry];
  });
}

function record(value: unknown): Fields | undefined {
  // Only read from, field by field and as unknown.
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
