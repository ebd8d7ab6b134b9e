import { type IncomingMessage } from 'node:http';
import { hasReached, isTooFar, type LiveObject } from '../../core/index.ts';
import { type Answer, failure, present } from './answers.ts';
import { readDirectives } from './directives.ts';

/** An answer, or the path of the playlist whose next version may bring one. */
export type Verdict = Answer | { readonly wait: string; readonly waitMs: number };

const REFUSED = { 'Cache-Control': 'no-store' } as const;

/** A playlist of low latency: at once, or when it has what was asked for (draft-pantos-hls-rfc8216bis section 6.2.5). */
export function lowLatencyAnswer(
  object: LiveObject & { readonly awaited: NonNullable<LiveObject['awaited']> },
  { path, query }: { readonly path: string; readonly query: string },
  request: IncomingMessage,
): Verdict {
  const directives = readDirectives(query);
  if (!directives.ok) return failure(400, directives.error, REFUSED);
  const { wanted, delta } = directives.value;
  const { reach, waitMs, cacheControl, delta: shorter } = object.awaited;
  if (wanted !== undefined && !hasReached(reach, wanted)) {
    if (isTooFar(reach, wanted)) return failure(400, '_HLS_msn is too far ahead', REFUSED);
    return { wait: path, waitMs };
  }
  const version = wanted === undefined ? object : { ...object, cacheControl };
  if (!delta || shorter === undefined) return present(version, request);
  const etag = object.etag.replace(/"$/, '-delta"');
  return present({ ...version, bytes: shorter, etag }, request);
}
