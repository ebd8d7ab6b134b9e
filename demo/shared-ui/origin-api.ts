import { err, ok, type Result } from '@shoal/protocol';

/** Where a channel stands, as the origin says. */
export type ChannelState = 'idle' | 'starting' | 'live' | 'interrupted' | 'ended';

const STATES: readonly ChannelState[] = ['idle', 'starting', 'live', 'interrupted', 'ended'];

/** One encoding as `GET /v1/streams/{channel}` describes it; what is not known is left out. */
export type RenditionStatus = {
  readonly rendition: string;
  readonly codecs: string | undefined;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly frameRate: number | undefined;
  /** Bits per second. */
  readonly bitrate: number | undefined;
};

/** The answer to `GET /v1/streams/{channel}`. */
export type ChannelStatus = {
  readonly state: ChannelState;
  /** Unix milliseconds of the last change of state. */
  readonly since: number | undefined;
  /** Why the channel is not live, if the origin knows. */
  readonly reason: string | undefined;
  /** The source first; empty when there is none. */
  readonly renditions: readonly RenditionStatus[];
};

/** Reads the origin's description of a channel. */
export function parseChannelStatus(value: unknown): Result<ChannelStatus, string> {
  const fields = asRecord(value);
  const state = STATES.find((known) => known === fields?.['state']);
  if (fields === undefined || state === undefined) return err('not a channel status');
  return ok({
    state,
    since: asNumber(fields['since']),
    reason: asText(fields['reason']),
    renditions: asList(fields['renditions']).flatMap(readRendition),
  });
}

function readRendition(value: unknown): readonly RenditionStatus[] {
  const fields = asRecord(value);
  const rendition = asText(fields?.['rendition']);
  if (fields === undefined || rendition === undefined) return [];
  return [
    {
      rendition,
      codecs: asText(fields['codecs']),
      width: asNumber(fields['width']),
      height: asNumber(fields['height']),
      frameRate: asNumber(fields['frameRate']),
      bitrate: asNumber(fields['bitrate']),
    },
  ];
}

/** What the origin has delivered of one segment. */
export type SegmentDelivery = {
  readonly msn: number;
  /** Bytes. */
  readonly size: number;
  readonly durationMs: number;
  /** Unix milliseconds. */
  readonly readyAt: number;
  readonly servedBytes: number;
};

/**
 * Reads the answer to `GET /v1/streams/{channel}/delivery`; entries that cannot be read are left out. What was delivered of
 * a segment's other renditions counts as copies of the first.
 */
export function parseDelivery(value: unknown): readonly SegmentDelivery[] {
  const list = asList(Array.isArray(value) ? value : asRecord(value)?.['segments']);
  const segments = new Map<number, SegmentDelivery>();
  for (const next of readDeliveries(list)) {
    const before = segments.get(next.msn);
    const copies = before === undefined ? 0 : next.servedBytes / next.size;
    const whole = before ?? next;
    const servedBytes = whole.servedBytes + copies * whole.size;
    segments.set(next.msn, { ...whole, servedBytes });
  }
  return [...segments.values()];
}

function readDeliveries(list: readonly unknown[]): readonly SegmentDelivery[] {
  return list.flatMap((entry) => {
    const fields = asRecord(entry);
    const msn = asNumber(fields?.['msn']);
    const size = asNumber(fields?.['size']);
    const durationMs = asNumber(fields?.['durationMs']);
    const readyAt = asNumber(fields?.['readyAt']);
    const servedBytes = asNumber(fields?.['servedBytes']);
    if (msn === undefined || size === undefined || durationMs === undefined) return [];
    if (readyAt === undefined || servedBytes === undefined || size <= 0) return [];
    return [{ msn, size, durationMs, readyAt, servedBytes }];
  });
}

/** Reads the public keys from `GET /v1/streams/{channel}/playback`. */
export function parseSigningKeys(value: unknown): readonly string[] {
  const signing = asRecord(asRecord(value)?.['signing']);
  return asList(signing?.['keys']).flatMap((key) => asText(asRecord(key)?.['publicKey']) ?? []);
}

/** Reads the number of viewers from the tracker's `GET /v1/channels/{channel}`. */
export function parseViewers(value: unknown): number | undefined {
  const viewers = asNumber(asRecord(value)?.['viewers']);
  return viewers === undefined || viewers < 0 ? undefined : viewers;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  // Only read from, field by field and as unknown.
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
