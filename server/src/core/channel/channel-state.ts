import {
  err,
  isUint32,
  ok,
  parseRenditionId,
  type RenditionId,
  type Result,
} from '@shoal/protocol';
import { ORIGIN_LIMITS } from '../limits.ts';

/** What a channel must remember over a restart of the origin, so that its media sequence runs on (ORG-5). */
export type ChannelState = {
  /** Media sequence number of the next segment. */
  readonly nextMsn: number;
  /** Discontinuities so far; -1 before the first epoch with a segment. */
  readonly discontinuity: number;
  /** The largest epoch used. */
  readonly lastEpoch: number;
  /** Seconds; absent before the first segment of a broadcast. */
  readonly targetDuration?: number;
  /** The renditions of the broadcast besides its source; absent before its first encoder. */
  readonly rungs?: readonly RenditionId[];
  /** Whether a broadcast had begun and not ended. */
  readonly open: boolean;
};

/** A channel that has never been live. */
export const FRESH_STATE: ChannelState = {
  nextMsn: 0,
  discontinuity: -1,
  lastEpoch: 0,
  open: false,
};

/** Reads what {@link formatChannelState} wrote; a damaged file is an error, not a fresh start. */
export function parseChannelState(text: string): Result<ChannelState, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err('not JSON');
  }
  if (typeof value !== 'object' || value === null) return err('not an object');
  const fields = new Map<string, unknown>(Object.entries(value));
  const nextMsn = fields.get('nextMsn');
  const lastEpoch = fields.get('lastEpoch');
  const discontinuity = fields.get('discontinuity');
  const targetDuration = fields.get('targetDuration');
  const open = fields.get('open');
  if (!isUint32(nextMsn) || !isUint32(lastEpoch)) return err('nextMsn or lastEpoch out of range');
  if (discontinuity !== -1 && !isUint32(discontinuity)) return err('discontinuity out of range');
  if (typeof open !== 'boolean') return err('open is not a boolean');
  const rungs = readRungs(fields.get('rungs'));
  if (!rungs.ok) return rungs;
  const known = {
    ...{ nextMsn, discontinuity, lastEpoch, open },
    ...(rungs.value !== undefined && { rungs: rungs.value }),
  };
  if (targetDuration === undefined) return ok(known);
  if (!isUint32(targetDuration) || targetDuration === 0) return err('targetDuration out of range');
  return ok({ ...known, targetDuration });
}

function readRungs(value: unknown): Result<readonly RenditionId[] | undefined, string> {
  if (value === undefined) return ok(undefined);
  if (!Array.isArray(value) || value.length > ORIGIN_LIMITS.rungs + 1)
    return err('rungs out of range');
  const rungs: RenditionId[] = [];
  for (const name of value as readonly unknown[]) {
    const id = parseRenditionId(typeof name === 'string' ? name : '');
    if (!id.ok) return id;
    rungs.push(id.value);
  }
  return ok(rungs);
}

/** One line of JSON. */
export function formatChannelState(state: ChannelState): string {
  return `${JSON.stringify(state)}\n`;
}
