import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type ChannelId, type LivePath, parseLivePath, type SegmentId } from '@shoal/protocol';
import {
  hasReached,
  isTooFar,
  type LiveObject,
  matchesEtag,
  type ObjectStore,
  parseByteRange,
  playlistPath,
} from '../../core/index.ts';
import { type BlockedRequests } from './blocked-requests.ts';
import { readDirectives } from './directives.ts';
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
  /** Where requests wait for playlists; absent where there are none of low latency. */
  readonly blocked?: BlockedRequests;
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

/** A request, and what its URL says. */
type Asked = {
  readonly request: IncomingMessage;
  readonly path: string;
  readonly query: string;
  readonly live: LivePath | undefined;
};

/** Serves GET and HEAD of everything under `/live/` (SEG-3, ORG-6, ORG-7, ORG-13). */
export function serveLive(
  request: IncomingMessage,
  response: ServerResponse,
  ports: LiveRoutesPorts,
): void {
  const url = request.url ?? '';
  const at = url.indexOf('?');
  const path = at < 0 ? url : url.slice(0, at);
  const parsed = parseLivePath(path);
  const live = parsed.ok ? parsed.value : undefined;
  const asked = { request, path, query: at < 0 ? '' : url.slice(at + 1), live };
  const send = (answer: Answer): void => {
    respond(asked, response, { answer, ports });
  };
  const answer = answerNow(asked, ports);
  if (!('wait' in answer)) {
    send(answer);
    return;
  }
  const leave = ports.blocked?.add(answer.wait, {
    waitMs: answer.waitMs,
    retry: () => {
      const again = answerNow(asked, ports);
      if ('wait' in again) return false;
      send(again);
      return true;
    },
    expire: () => {
      send(failure(503, 'it did not come in time', RETRY_SOON));
    },
  });
  if (leave === undefined) send(failure(503, 'too many requests wait', RETRY_SOON));
  else response.on('close', leave);
}

/** An answer, or the path of the playlist whose next version may bring one. */
type Verdict = Answer | { readonly wait: string; readonly waitMs: number };

function answerNow({ request, path, query, live }: Asked, ports: LiveRoutesPorts): Verdict {
  const object = live === undefined ? undefined : ports.store.get(path);
  if (object?.awaited !== undefined)
    return lowLatency(object, object.awaited, { request, path, query });
  if (object !== undefined) return present(object, request);
  if (live?.type === 'part') {
    const list = playlistPath(live.channel, live.id.rendition, 'll');
    const awaited = ports.store.get(list)?.awaited;
    const { open } = awaited?.reach ?? {};
    const { epoch, msn } = live.id;
    const hinted = open?.epoch === epoch && open.msn === msn && open.parts === live.part;
    if (awaited !== undefined && hinted) return { wait: list, waitMs: awaited.waitMs };
  }
  const expected = live !== undefined && ports.expectsMedia(live.channel);
  const made = live !== undefined && 'sort' in live && (live.sort === 'index' || ports.blocked);
  return missing(expected && Boolean(made));
}

/** A playlist of low latency: at once, or when it has what was asked for (draft-pantos-hls-rfc8216bis section 6.2.5). */
function lowLatency(
  object: LiveObject,
  awaited: NonNullable<LiveObject['awaited']>,
  { request, path, query }: Pick<Asked, 'request' | 'path' | 'query'>,
): Verdict {
  const directives = readDirectives(query);
  if (!directives.ok) return failure(400, directives.error, { 'Cache-Control': 'no-store' });
  const { wanted, delta } = directives.value;
  const { reach, waitMs, cacheControl } = awaited;
  if (wanted !== undefined && !hasReached(reach, wanted)) {
    if (isTooFar(reach, wanted))
      return failure(400, '_HLS_msn is too far ahead', { 'Cache-Control': 'no-store' });
    return { wait: path, waitMs };
  }
  const version = wanted === undefined ? object : { ...object, cacheControl };
  if (!delta || awaited.delta === undefined) return present(version, request);
  const etag = object.etag.replace(/"$/, '-delta"');
  return present({ ...version, bytes: awaited.delta, etag }, request);
}

function respond(
  { request, path, live }: Asked,
  response: ServerResponse,
  { answer, ports }: { readonly answer: Answer; readonly ports: LiveRoutesPorts },
): void {
  response.writeHead(answer.status, {
    ...CORS_HEADERS,
    ...answer.headers,
    ...(answer.status !== 304 && { 'Content-Length': answer.body.length }),
  });
  const body = request.method === 'HEAD' ? NO_BODY : answer.body;
  const { range } = request.headers;
  sendBody(response, body, (bytes) => {
    const delivered = answer.status === 200 || answer.status === 206;
    if (live?.type === 'segment' && delivered) ports.served(live.channel, live.id, bytes);
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

const RETRY_SOON = { 'Retry-After': '1', 'Cache-Control': 'no-store' };

/** What is not there (yet): 503 for a playlist that will come, since players try that again, else 404. */
function missing(expected: boolean): Answer {
  if (expected) return failure(503, 'the channel is starting', RETRY_SOON);
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
