import {
  type ChannelId,
  err,
  isRoot,
  isSegmentSize,
  isSignature,
  isUint32,
  ok,
  parseChannelId,
  parseRenditionId,
  type RenditionId,
  type Result,
  type SegmentInfo,
} from '@shoal/protocol';
import { type RenditionKind } from '../channel/timeline.ts';
import { type WindowSegment } from '../hls/segment-window.ts';
import { ORIGIN_LIMITS } from '../limits.ts';

/**
 * What is written down of a broadcast, one after the other. A `segment` is there before anything of it is stored, so that
 * everything that may be in the store is known from the journal.
 */
export type JournalRecord =
  | {
      readonly type: 'begin';
      readonly channel: ChannelId;
      /** Its id: the Unix second of its first epoch, or later if that was taken. */
      readonly broadcast: number;
      /** The recording that this one goes on from. */
      readonly continues?: number;
      /** Seconds. */
      readonly targetDuration: number;
    }
  | { readonly type: 'renditions'; readonly renditions: readonly RenditionKind[] }
  | { readonly type: 'segment'; readonly segment: WindowSegment }
  /** Whether all of the segment is in the store. */
  | { readonly type: 'stored' | 'gap'; readonly epoch: number; readonly msn: number }
  /** Unix milliseconds. `closed` is the last: nothing follows. */
  | { readonly type: 'ended' | 'resumed' | 'closed'; readonly at: number };

/** One line of JSON, its end included. */
export function formatRecord(record: JournalRecord): string {
  if (record.type !== 'segment') return `${JSON.stringify(record)}\n`;
  const { epoch, msn, programDateTimeMs: at, discontinuity, independent } = record.segment;
  const infos = record.segment.infos.map(({ id, size, durationMs, root, signature }) => [
    ...[id.rendition, size, durationMs, root],
    ...(signature === undefined ? [] : [signature]),
  ]);
  const line = { type: 'segment', epoch, msn, at, discontinuity, independent, infos };
  return `${JSON.stringify(line)}\n`;
}

/** Reads what {@link formatRecord} wrote, without the end of the line. */
export function parseRecord(line: string): Result<JournalRecord, string> {
  const fields = readFields(line);
  if (fields === undefined) return err('not an object of JSON');
  const type = fields.get('type');
  switch (type) {
    case 'begin':
      return readBegin(fields);
    case 'renditions':
      return readRenditions(fields);
    case 'segment':
      return readSegment(fields);
    case 'stored':
    case 'gap': {
      const [epoch, msn] = [fields.get('epoch'), fields.get('msn')];
      return isUint32(epoch) && isUint32(msn) ? ok({ type, epoch, msn }) : err('segment');
    }
    case 'ended':
    case 'resumed':
    case 'closed': {
      const at = fields.get('at');
      return isTime(at) ? ok({ type, at }) : err('at');
    }
    default:
      return err('type');
  }
}

/** The fields of an object of JSON; undefined for all else. */
export function readFields(text: string): ReadonlyMap<string, unknown> | undefined {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** True for Unix milliseconds and other whole numbers from zero on. */
export function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

type Fields = ReadonlyMap<string, unknown>;

function fieldsOf(value: unknown): Fields | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? new Map<string, unknown>(Object.entries(value)) : undefined;
}

function readBegin(fields: Fields): Result<JournalRecord, string> {
  const channel = parseChannelId(fields.get('channel'));
  const broadcast = fields.get('broadcast');
  const continues = fields.get('continues');
  const targetDuration = fields.get('targetDuration');
  if (!channel.ok) return channel;
  if (!isUint32(broadcast)) return err('broadcast');
  if (!isUint32(targetDuration) || targetDuration === 0) return err('targetDuration');
  if (continues !== undefined && !isUint32(continues)) return err('continues');
  return ok({
    ...{ type: 'begin', channel: channel.value, broadcast, targetDuration },
    ...(continues !== undefined && { continues }),
  });
}

function readRenditions(fields: Fields): Result<JournalRecord, string> {
  const list = listOf(fields.get('renditions'));
  if (list === undefined) return err('renditions');
  const renditions: RenditionKind[] = [];
  for (const value of list) {
    const of = fieldsOf(value);
    const rendition = parseRenditionId(of?.get('rendition'));
    if (of === undefined || !rendition.ok) return err('rendition');
    const [codecs, width, height] = [of.get('codecs'), of.get('width'), of.get('height')];
    const [frameRate, channels] = [of.get('frameRate'), of.get('channels')];
    // It goes into a quoted string of a playlist.
    if (typeof codecs !== 'string' || !/^[\w.,-]{1,128}$/.test(codecs)) return err('codecs');
    renditions.push({
      ...{ rendition: rendition.value, codecs },
      ...(isUint32(width) && isUint32(height) && { width, height }),
      ...(typeof frameRate === 'number' && frameRate > 0 && { frameRate }),
      ...(isUint32(channels) && channels > 0 && { channels }),
    });
  }
  return ok({ type: 'renditions', renditions });
}

function readSegment(fields: Fields): Result<JournalRecord, string> {
  const [epoch, msn, at] = [fields.get('epoch'), fields.get('msn'), fields.get('at')];
  const discontinuity = fields.get('discontinuity');
  const independent = fields.get('independent');
  const list = listOf(fields.get('infos'));
  if (!isUint32(epoch) || !isUint32(msn) || !isTime(at)) return err('segment');
  if (!isUint32(discontinuity) || typeof independent !== 'boolean') return err('segment');
  if (list === undefined || list.length === 0) return err('infos');
  const infos: SegmentInfo[] = [];
  for (const value of list) {
    const info = readInfo(value, { epoch, msn });
    if (info === undefined) return err('info');
    infos.push(info);
  }
  const segment = { epoch, msn, infos, programDateTimeMs: at, discontinuity, independent };
  return ok({ type: 'segment', segment });
}

function readInfo(
  value: unknown,
  place: { readonly epoch: number; readonly msn: number },
): SegmentInfo | undefined {
  if (!Array.isArray(value)) return undefined;
  const [name, size, durationMs, root, signature] = value as readonly unknown[];
  const rendition = parseRenditionId(name);
  const right = rendition.ok && isSegmentSize(size) && isUint32(durationMs) && isRoot(root);
  if (!right) return undefined;
  const info = { id: { rendition: rendition.value, ...place }, size, durationMs, root };
  if (signature === undefined) return info;
  return isSignature(signature) ? { ...info, signature } : undefined;
}

function listOf(value: unknown): readonly unknown[] | undefined {
  const fits = Array.isArray(value) && value.length <= ORIGIN_LIMITS.rungs + 2;
  return fits ? (value as readonly unknown[]) : undefined;
}

/** The names in a list of {@link RenditionKind}, or of a summary. */
export function readNames(value: unknown): readonly RenditionId[] | undefined {
  const names: RenditionId[] = [];
  for (const name of listOf(value) ?? [undefined]) {
    const id = parseRenditionId(name);
    if (!id.ok) return undefined;
    names.push(id.value);
  }
  return names;
}
