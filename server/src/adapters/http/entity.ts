import { type IncomingMessage } from 'node:http';
import { type LiveObject, matchesEtag, parseByteRange } from '../../core/index.ts';

/** What is known of something before its bytes are. */
export type EntityHead = Omit<LiveObject, 'bytes'>;

/** What of something a request gets (RFC 9110 sections 13 and 14): for 200 and 206 the bytes from `from` to `to`, for others none. */
export type EntityPart = {
  readonly status: 200 | 206 | 304 | 416;
  readonly headers: Readonly<Record<string, string>>;
  readonly from: number;
  readonly to: number;
};

/** Answers If-None-Match, a single Range and If-Range for something of `size` bytes; several ranges give the whole. */
export function wantedPart(request: IncomingMessage, head: EntityHead, size: number): EntityPart {
  const { etag } = head;
  const none = { from: 0, to: 0 };
  const validators = { ETag: etag, 'Cache-Control': head.cacheControl };
  if (matchesEtag(request.headers['if-none-match'], etag))
    return { status: 304, headers: validators, ...none };
  const headers = { ...validators, 'Content-Type': head.contentType, 'Accept-Ranges': 'bytes' };
  const range = wantedRange(request, etag, size);
  if (range === undefined) return { status: 200, headers, from: 0, to: size };
  if (range === 'unsatisfiable')
    return { status: 416, headers: { 'Content-Range': `bytes */${size}` }, ...none };
  const content = `bytes ${range.from}-${range.to - 1}/${size}`;
  return { status: 206, headers: { ...headers, 'Content-Range': content }, ...range };
}

function wantedRange(
  { method, headers }: IncomingMessage,
  etag: string,
  size: number,
): ReturnType<typeof parseByteRange> {
  const { range, 'if-range': ifRange } = headers;
  // A part of another version is of no use (RFC 9110 section 13.1.5).
  const sameVersion = ifRange === undefined || ifRange === etag;
  return method === 'GET' && sameVersion ? parseByteRange(range, size) : undefined;
}
