import { err, isUint32, ok, type Result } from '@shoal/protocol';
import { type Wanted } from '../../core/index.ts';

/** What the query of a playlist's URL asks for (draft-pantos-hls-rfc8216bis section 6.2.5). */
export type Directives = {
  /** The version to wait for. */
  readonly wanted?: Wanted;
  /** Whether a delta update will do. */
  readonly delta: boolean;
};

const NAMES = ['_HLS_msn', '_HLS_part', '_HLS_skip'] as const;
const NUMBER = /^\d{1,10}$/;

/** Reads the delivery directives of a query, whatever else is in it. */
export function readDirectives(query: string): Result<Directives, string> {
  if (!query.includes('_HLS_')) return ok({ delta: false });
  const all = new URLSearchParams(query);
  const [msn, part, skip] = NAMES.map((name) => all.get(name));
  const delta = skip === 'YES' || skip === 'v2';
  if (msn === null || msn === undefined)
    return part === null ? ok({ delta }) : err('_HLS_part without _HLS_msn');
  if (!isNumber(msn)) return err('_HLS_msn is no media sequence number');
  if (part === null || part === undefined) return ok({ wanted: { msn: Number(msn) }, delta });
  if (!isNumber(part)) return err('_HLS_part is no number');
  return ok({ wanted: { msn: Number(msn), part: Number(part) }, delta });
}

function isNumber(text: string): boolean {
  return NUMBER.test(text) && isUint32(Number(text));
}
