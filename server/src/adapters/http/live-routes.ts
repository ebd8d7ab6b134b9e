import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type ChannelId, parseLivePath, type SegmentId } from '@shoal/protocol';
import {
  type LiveObject,
  matchesEtag,
  type ObjectStore,
  parseByteRange,
} from '../../core/index.ts';
import { problem, PROBLEM_TYPE } from './problem.ts';
import { sendBody } from './send-body.ts';

/** A response under `/live/` that is over. */
export type DeliveryRecord = {
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  /** Body bytes that the socket took. */
  readonly bytes: number;
  /** The Range header of the request. */
  readonly range?: string;
  /** The User-Agent header; '' without one. */
  readonly userAgent: string;
  /** Unix milliseconds at which it was over. */
  readonly at: number;
};

/** What the live routes need. */
export type LiveRoutesPorts = {
  readonly store: ObjectStore;
  /** True while viewers of the channel may expect a playlist soon. */
  readonly expectsMedia: (channel: ChannelId) => boolean;
  /** Counts what was served of a segment. */
  readonly served: (channel: ChannelId, id: SegmentId, bytes: number) => void;
  readonly onDelivered: (record: DeliveryRecord) => void;
  readonly now: () => number;
};

/** CORS of everything that pages of other sites may read (ORG-7). */
export const CORS_HEADERS: Readonly<Record<string, string>> = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers':
    'Content-Length, Content-Range, Accept-Ranges, ETag, Date, Age, Retry-After',
  'Timing-Allow-Origin': '*',
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'X-Content-Type-Options': 'nosniff',
};

/** Answer to a preflight (ORG-7). */
export const PREFLIGHT_HEADERS: Readonly<Record<string, string>> = {
  ...CORS_HEADERS,
  'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
  'Access-Control-Allow-Headers': 'Range, If-None-Match, If-Range, Cache-Control',
  'Access-Control-Max-Age': '86400',
};

type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Uint8Array;
};

const NO_BODY = new Uint8Array(0);

/** Serves GET and HEAD of everything under `/live/` (SEG-3, ORG-6, ORG-7). */
export function serveLive(
  request: IncomingMessage,
  response: ServerResponse,
  ports: LiveRoutesPorts,
): void {
  const [path = ''] = (request.url ?? '').split('?', 1);
  const parsed = parseLivePath(path);
  const object = parsed.ok ? ports.store.get(path) : undefined;
  const answer =
    object === undefined
      ? missing(path, parsed.ok && ports.expectsMedia(parsed.value.channel))
      : present(object, request);
  response.writeHead(answer.status, {
    ...CORS_HEADERS,
    ...answer.headers,
    ...(answer.status !== 304 && { 'Content-Length': answer.body.length }),
  });
  const body = request.method === 'HEAD' ? NO_BODY : answer.body;
  const { range } = request.headers;
  sendBody(response, body, (bytes) => {
    if (parsed.ok && object?.segment !== undefined)
      ports.served(parsed.value.channel, object.segment, bytes);
    ports.onDelivered({
      path,
      status: answer.status,
      bytes,
      ...(range !== undefined && { range }),
      userAgent: request.headers['user-agent'] ?? '',
      at: ports.now(),
    });
  });
}

function present(object: LiveObject, request: IncomingMessage): Answer {
  const { etag, bytes } = object;
  const validators = { ETag: etag, 'Cache-Control': object.cacheControl };
  if (matchesEtag(request.headers['if-none-match'], etag))
    return { status: 304, headers: validators, body: NO_BODY };
  const headers = {
    ...validators,
    'Content-Type': object.contentType,
    'Accept-Ranges': 'bytes',
  };
  const range = wantedRange(request, object);
  if (range === undefined) return { status: 200, headers, body: bytes };
  if (range === 'unsatisfiable')
    return { ...failure(416, 'range', { 'Content-Range': `bytes */${bytes.length}` }) };
  return {
    status: 206,
    headers: { ...headers, 'Content-Range': `bytes ${range.from}-${range.to - 1}/${bytes.length}` },
    body: bytes.subarray(range.from, range.to),
  };
}

function wantedRange(
  request: IncomingMessage,
  object: LiveObject,
): ReturnType<typeof parseByteRange> {
  const { range, 'if-range': ifRange } = request.headers;
  // A part of another version is of no use (RFC 9110 section 13.1.5).
  const sameVersion = ifRange === undefined || ifRange === object.etag;
  const applies = request.method === 'GET' && sameVersion;
  return applies ? parseByteRange(range, object.bytes.length) : undefined;
}

/** What is not there (yet): 503 for a playlist that will come, since players try that again, else 404. */
function missing(path: string, expected: boolean): Answer {
  if (expected && path.endsWith('.m3u8'))
    return failure(503, 'the channel is starting', {
      'Retry-After': '1',
      'Cache-Control': 'no-store',
    });
  return failure(404, 'no such file', { 'Cache-Control': 'public, max-age=1' });
}

function failure(
  status: number,
  detail: string,
  headers: Readonly<Record<string, string>>,
): Answer {
  return {
    status,
    headers: { ...headers, 'Content-Type': PROBLEM_TYPE },
    body: Buffer.from(JSON.stringify(problem(status, detail))),
  };
}
