import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type ChannelId, type LivePath, parseLivePath, type SegmentId } from '@shoal/protocol';
import { type LiveObject, type ObjectStore } from '../../core/index.ts';
import { wantedPart } from './entity.ts';
import { problem, PROBLEM_TYPE } from './problem.ts';
import { sendBody } from './send-body.ts';
import { sendStored } from './send-stored.ts';
import { storedAnswer, type StoredBody } from './stored-answer.ts';
import { type StoredFiles } from './stored-files.ts';

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
  /** Where what is not, or no longer, in `store` is looked for. Default: nowhere. */
  readonly stored?: StoredFiles;
  /** Told why it cannot give what somebody wants. */
  readonly onStoreFailed?: (path: string, error: unknown) => void;
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
  readonly body: Uint8Array | StoredBody;
  /** The segment whose media it is. */
  readonly segment?: SegmentId;
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
      ? missing(
          path,
          parsed.ok && !isOver(parsed.value) && ports.expectsMedia(parsed.value.channel),
        )
      : present(object, request);
  const send = (of: Answer): void => {
    sendAnswer(
      { request, response, path, ports },
      of,
      parsed.ok ? parsed.value.channel : undefined,
    );
  };
  const { stored } = ports;
  // A playlist that is to come soon is not that of an earlier broadcast.
  if (!parsed.ok || stored === undefined || answer.status !== 404) {
    send(answer);
    return;
  }
  storedAnswer(stored, { path, live: parsed.value }, { request, response }).then(
    (found) => {
      if (found === 'left') return;
      if (found === undefined) send(answer);
      else if (found.part.status === 416) send(failure(416, 'range', found.part.headers));
      else send({ ...found.part, body: found.body, ...segmentOf(found.head) });
    },
    (error: unknown) => {
      ports.onStoreFailed?.(path, error);
      send(failure(503, 'the store fails', STORE_FAILS));
    },
  );
}

const STORE_FAILS = { 'Retry-After': '1', 'Cache-Control': 'no-store' } as const;

function sendAnswer(
  of: {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly path: string;
    readonly ports: LiveRoutesPorts;
  },
  { status, headers, body, segment }: Answer,
  channel: ChannelId | undefined,
): void {
  const { request, response, path, ports } = of;
  response.writeHead(status, {
    ...CORS_HEADERS,
    ...headers,
    ...(status !== 304 && { 'Content-Length': body.length }),
  });
  const { range } = request.headers;
  const onDone = (bytes: number): void => {
    if (channel !== undefined && segment !== undefined) ports.served(channel, segment, bytes);
    ports.onDelivered({
      path,
      status,
      bytes,
      ...(range !== undefined && { range }),
      userAgent: request.headers['user-agent'] ?? '',
      at: ports.now(),
    });
  };
  if (request.method === 'HEAD') sendBody(response, NO_BODY, onDone);
  else if (body instanceof Uint8Array) sendBody(response, body, onDone);
  else
    sendStored(response, body, { onDone, onFail: (error) => ports.onStoreFailed?.(path, error) });
}

function present(object: LiveObject, request: IncomingMessage): Answer {
  const { status, headers, from, to } = wantedPart(request, object, object.bytes.length);
  if (status === 416) return failure(416, 'range', headers);
  return { status, headers, body: object.bytes.subarray(from, to), ...segmentOf(object) };
}

function segmentOf({ segment }: Pick<LiveObject, 'segment'>): Pick<Answer, 'segment'> {
  return segment === undefined ? {} : { segment };
}

/** Whether it is of a broadcast that is over: of what is not there, nothing is expected to come. */
function isOver(live: LivePath): boolean {
  return 'recording' in live && typeof live.recording === 'number';
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
