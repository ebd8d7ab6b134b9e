import { isUint32 } from '@shoal/protocol';
import {
  type ChannelAbout,
  type ChannelStatus,
  type LiveObject,
  type MirroredList,
  type MirrorMessage,
  type Reach,
} from '../../core/index.ts';

type Fields = Readonly<Record<string, unknown>>;

const STATES = ['idle', 'starting', 'live', 'interrupted', 'ended'] as const;

/** A playlist as one text, with all that it is served with. */
function formatList(list: LiveObject): string {
  const { bytes, contentType, etag, cacheControl, awaited } = list;
  const { delta, ...waits } = awaited ?? {};
  return JSON.stringify({
    ...{ text: Buffer.from(bytes).toString(), contentType, etag, cacheControl },
    ...(awaited !== undefined && {
      awaited: { ...waits, ...(delta !== undefined && { delta: Buffer.from(delta).toString() }) },
    }),
  });
}

/** Reads what {@link formatList} wrote; undefined for anything else. */
export function parseList(json: string): LiveObject | undefined {
  const fields = readFields(parseJson(json));
  const { text, contentType, etag, cacheControl, awaited } = fields ?? {};
  if (typeof text !== 'string' || typeof contentType !== 'string') return undefined;
  if (typeof etag !== 'string' || typeof cacheControl !== 'string') return undefined;
  const object = { bytes: Buffer.from(text), contentType, etag, cacheControl };
  if (awaited === undefined) return object;
  const waits = readAwaited(readFields(awaited));
  return waits && { ...object, awaited: waits };
}

/** A channel's word of itself as one text. */
export function formatAbout(about: ChannelAbout): string {
  return JSON.stringify(about);
}

/** Reads what {@link formatAbout} wrote; undefined for anything else. */
export function parseAbout(json: string): ChannelAbout | undefined {
  const fields = readFields(parseJson(json));
  const status = readFields(fields?.['status']);
  const { expectsMedia, lowLatency, recorded } = fields ?? {};
  if (status === undefined || !STATES.some((state) => state === status['state'])) return undefined;
  if (typeof status['channel'] !== 'string' || !Array.isArray(status['renditions']))
    return undefined;
  if (typeof expectsMedia !== 'boolean' || typeof lowLatency !== 'boolean') return undefined;
  if (typeof recorded !== 'boolean') return undefined;
  // All of it comes from an origin of the same version, and is only shown.
  return { status: status as ChannelStatus, expectsMedia, lowLatency, recorded };
}

function readAwaited(fields: Fields | undefined): LiveObject['awaited'] | undefined {
  const reach = readReach(readFields(fields?.['reach']));
  const { delta, cacheControl, waitMs } = fields ?? {};
  if (reach === undefined || typeof cacheControl !== 'string') return undefined;
  if (typeof waitMs !== 'number' || !(waitMs >= 0)) return undefined;
  if (delta !== undefined && typeof delta !== 'string') return undefined;
  return { reach, cacheControl, waitMs, ...(delta !== undefined && { delta: Buffer.from(delta) }) };
}

function readReach(fields: Fields | undefined): Reach | undefined {
  const { lastMsn, lastParts, open, ended } = fields ?? {};
  if (!isUint32(lastParts) || typeof ended !== 'boolean') return undefined;
  if (lastMsn !== undefined && !isUint32(lastMsn)) return undefined;
  if (open === undefined) return { lastMsn, lastParts, ended };
  const { epoch, msn, parts } = readFields(open) ?? {};
  if (!isUint32(epoch) || !isUint32(msn) || !isUint32(parts)) return undefined;
  return { lastMsn, lastParts, open: { epoch, msn, parts }, ended };
}

/** An object of JSON; undefined for everything else. */
function readFields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields) // read as unknown
    : undefined;
}

/** Undefined for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A playlist as a field of its channel: itself, or one of the two marks. */
export function formatField(list: MirroredList): string {
  return list.type === 'here' ? formatList(list.object) : list.type;
}

/** Reads what {@link formatField} wrote; undefined for anything else. */
export function parseField(text: string): MirroredList | undefined {
  if (text === 'large' || text === 'gone') return { type: text };
  const object = parseList(text);
  return object && { type: 'here', object };
}

/** The place of a change in the order of all of its channel, as text. */
export function formatPlace({ run, seq }: Pick<MirrorMessage, 'run' | 'seq'>): string {
  return `${run}.${seq}`;
}

/** Reads what {@link formatPlace} wrote; undefined for anything else. */
export function parsePlace(text: string): Pick<MirrorMessage, 'run' | 'seq'> | undefined {
  const [, run, seq] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? [];
  return seq === undefined ? undefined : { run: Number(run), seq: Number(seq) };
}

/**
 * One message of a channel: its place, and after it what changed. `list` and `about` are written by {@link formatField} and
 * {@link formatAbout}.
 */
export function formatMessage(
  place: Pick<MirrorMessage, 'run' | 'seq'>,
  change?: { readonly path: string; readonly list: string } | { readonly about: string },
): string {
  const rest =
    change === undefined
      ? ''
      : 'about' in change
        ? `\n${change.about}`
        : `${change.path}\n${change.list}`;
  return `${formatPlace(place)} ${rest}`;
}

/** Reads what {@link formatMessage} wrote; undefined for anything else. */
export function parseMessage(text: string): MirrorMessage | undefined {
  const space = text.indexOf(' ');
  const place = parsePlace(text.slice(0, Math.max(0, space)));
  if (place === undefined) return undefined;
  const line = text.indexOf('\n', space);
  if (line < 0) return { type: 'beat', ...place };
  const path = text.slice(space + 1, line);
  const body = text.slice(line + 1);
  if (path === '') {
    const about = parseAbout(body);
    return about && { type: 'about', ...place, about };
  }
  const list = parseField(body);
  return list && { type: 'list', ...place, path, list };
}
