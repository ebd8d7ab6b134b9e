import { err, ok, type Result } from '@shoal/protocol';

/** Where a channel stands, as the origin says. */
export type ChannelState = 'idle' | 'starting' | 'live' | 'interrupted' | 'ended';

const STATES: readonly ChannelState[] = ['idle', 'starting', 'live', 'interrupted', 'ended'];

/** One encoding as `GET /v1/channels/{channel}` describes it; what is not known is left out. */
export type RenditionStatus = {
  readonly codecs: string | undefined;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly frameRate: number | undefined;
  /** Bits per second. */
  readonly bitrate: number | undefined;
};

/** The answer to `GET /v1/channels/{channel}`. */
export type ChannelStatus = {
  readonly state: ChannelState;
  /** Unix milliseconds of the last change of state. */
  readonly since: number | undefined;
  /** Why the channel is not live, if the origin knows. */
  readonly reason: string | undefined;
  readonly rendition: RenditionStatus | undefined;
};

/** Reads the origin's description of a channel. */
export function parseChannelStatus(value: unknown): Result<ChannelStatus, string> {
  const fields = asRecord(value);
  const state = STATES.find((known) => known === fields?.['state']);
  if (fields === undefined || state === undefined) return err('not a channel status');
  const rendition = asRecord(fields['rendition']);
  return ok({
    state,
    since: asNumber(fields['since']),
    reason: asText(fields['reason']),
    rendition:
      rendition === undefined
        ? undefined
        : {
            codecs: asText(rendition['codecs']),
            width: asNumber(rendition['width']),
            height: asNumber(rendition['height']),
            frameRate: asNumber(rendition['frameRate']),
            bitrate: asNumber(rendition['bitrate']),
          },
  });
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

/** Reads the answer to `GET /v1/channels/{channel}/delivery`; entries that cannot be read are left out. */
export function parseDelivery(value: unknown): readonly SegmentDelivery[] {
  const list = Array.isArray(value) ? (value as readonly unknown[]) : asRecord(value)?.['segments'];
  if (!Array.isArray(list)) return [];
  return (list as readonly unknown[]).flatMap((entry) => {
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

/** Reads the number of viewers from the tracker's `GET /v1/channels/{channel}`. */
export function parseViewers(value: unknown): number | undefined {
  const viewers = asNumber(asRecord(value)?.['viewers']);
  return viewers === undefined || viewers < 0 ? undefined : viewers;
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
