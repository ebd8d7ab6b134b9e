import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type ChannelId, type LivePath, parseLivePath, type SegmentId } from '@shoal/protocol';
import {
  type ListPath,
  type LiveObject,
  type ObjectStore,
  playlistPath,
} from '../../core/index.ts';
import { type Credentials, credentialsOf } from '../access/credentials.ts';
import { type MayPlay, type Viewer } from '../access/viewers.ts';
import { type Answer, failure, missing, present, RETRY_SOON, segmentOf } from './answers.ts';
import { type BlockedRequests } from './blocked-requests.ts';
import { credentialQuery, privately, withCredentials } from './guarded-lists.ts';
import { lowLatencyAnswer, type Verdict } from './low-latency-answer.ts';
import { sendBody } from './send-body.ts';
import { sendStored } from './send-stored.ts';
import { storedAnswer, storedList } from './stored-answer.ts';
import { isPlaylist, type StoredFiles } from './stored-files.ts';

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
  readonly store: Pick<ObjectStore, 'get'>;
  /** Where requests wait for playlists; absent where there are none of low latency. */
  readonly blocked?: BlockedRequests;
  /** Where what is not, or no longer, in `store` is looked for. Default: nowhere. */
  readonly stored?: StoredFiles;
  /** Told why it cannot give what somebody wants. */
  readonly onStoreFailed?: (path: string, error: unknown) => void;
  /** Whether somebody may play a channel (ORG-39). Default: everybody may. */
  readonly mayPlay?: (viewer: Viewer) => MayPlay | Promise<MayPlay>;
  /** Whether a playlist that is not there is to come soon. */
  readonly expects: (live: ListPath) => boolean;
  /**
   * Gets what is not in `store` from another machine: resolves with it, or when `store` has what there is. Undefined where it is known
   * that there is nothing to get; rejects when that cannot be known now. Default: there is no other machine.
   */
  readonly bring?: (path: string, live: LivePath) => Promise<LiveObject | undefined> | undefined;
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
  'Access-Control-Allow-Headers': 'Range, If-None-Match, If-Range, Cache-Control, Authorization',
  'Access-Control-Max-Age': '86400',
};

const NO_BODY = new Uint8Array(0);

/** A request, and what its URL says. */
type Asked = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly query: string;
  readonly live: LivePath | undefined;
  /** Where not everybody may play: what is to follow in the URLs of playlists. */
  readonly credentials?: string;
};

/** Serves GET and HEAD of everything under `/live/` (SEG-3, ORG-6, ORG-7, ORG-18). */
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
  const asked = { request, response, path, query: at < 0 ? '' : url.slice(at + 1), live };
  const { mayPlay } = ports;
  if (mayPlay === undefined || live === undefined) settle(asked, answerNow(asked, ports), ports);
  else admit(asked, { mayPlay, channel: live.channel }, ports);
}

/** Answers those who may play. */
function admit(
  asked: Asked,
  of: Required<Pick<LiveRoutesPorts, 'mayPlay'>> & { readonly channel: ChannelId },
  ports: LiveRoutesPorts,
): void {
  const { request, response, query } = asked;
  const { authorization } = request.headers;
  const shown = credentialsOf(query, authorization);
  const guarded = { ...asked, credentials: listsUrls(asked.live) ? credentialQuery(query) : '' };
  const answer = (verdict: MayPlay): void => {
    if (verdict === 'yes') settle(guarded, answerNow(guarded, ports), ports);
    else send(guarded, refusal(verdict, shown), ports);
  };
  const ip = request.socket.remoteAddress ?? '';
  const verdict = of.mayPlay({ ...shown, channel: of.channel, ip, query });
  if (typeof verdict === 'string') {
    answer(verdict);
    return;
  }
  let left = false;
  const leave = (): void => {
    left = true;
  };
  response.once('close', leave);
  void verdict.then((found) => {
    response.off('close', leave);
    if (!left) answer(found);
  });
}

const REFUSED = { 'Cache-Control': 'no-store' } as const;

function refusal(verdict: 'no' | 'unknown', { user, password, token }: Credentials): Answer {
  if (verdict === 'unknown') return failure(503, 'it cannot be asked now who may play', RETRY_SOON);
  if (user !== '' || password !== '' || token !== '')
    return failure(403, 'not allowed to play this', REFUSED);
  return failure(401, 'who plays this has to say who it is', {
    ...REFUSED,
    'WWW-Authenticate': 'Bearer',
  });
}

/** An answer, what to wait for, or that there is nothing here. */
type Found = Verdict | 'nothing';

function settle(asked: Asked, found: Found, ports: LiveRoutesPorts): void {
  if (found === 'nothing') bring(asked, ports);
  else if ('wait' in found) wait(asked, found, ports);
  else send(asked, found, ports);
}

/** Answers with what another machine has, or the store. */
function bring(asked: Asked, ports: LiveRoutesPorts): void {
  const { request, response, path, live } = asked;
  const bringing = live && ports.bring?.(path, live);
  if (bringing === undefined) {
    lookInStore(asked, verdictOn(live, ports), ports);
    return;
  }
  let left = false;
  const leave = (): void => {
    left = true;
  };
  response.once('close', leave);
  bringing.then(
    (object) => {
      response.off('close', leave);
      if (left) return;
      const found = object === undefined ? answerNow(asked, ports) : present(object, request);
      if (found === 'nothing') lookInStore(asked, verdictOn(live, ports), ports);
      else settle(asked, found, ports);
    },
    () => {
      response.off('close', leave);
      // It may be there all the same: nobody is to keep that it is not.
      if (!left) lookInStore(asked, failure(503, 'it cannot be had now', RETRY_SOON), ports);
    },
  );
}

function verdictOn(live: LivePath | undefined, ports: LiveRoutesPorts): Answer {
  const isList = live?.type === 'playlist' || live?.type === 'multivariant';
  return missing(isList && ports.expects(live));
}

function answerNow(asked: Asked, ports: LiveRoutesPorts): Found {
  const { request, path, query, live, credentials = '' } = asked;
  const found = live === undefined ? undefined : ports.store.get(path);
  const object = found && listsUrls(live) ? withCredentials(found, credentials) : found;
  if (object?.awaited !== undefined)
    return lowLatencyAnswer({ ...object, awaited: object.awaited }, { path, query }, request);
  if (object !== undefined) return present(object, request);
  if (live?.type === 'part') {
    const list = playlistPath(live.channel, live.id.rendition, 'll');
    const awaited = ports.store.get(list)?.awaited;
    const { open } = awaited?.reach ?? {};
    const { epoch, msn } = live.id;
    const hinted = open?.epoch === epoch && open.msn === msn && open.parts === live.part;
    if (awaited !== undefined && hinted) return { wait: list, waitMs: awaited.waitMs };
  }
  return 'nothing';
}

/** Answers when the next version of a playlist allows it. */
function wait(
  asked: Asked,
  { wait: list, waitMs }: Extract<Verdict, { readonly wait: string }>,
  ports: LiveRoutesPorts,
): void {
  const leave = ports.blocked?.add(list, {
    waitMs,
    retry: () => {
      const again = answerNow(asked, ports);
      if (again !== 'nothing' && 'wait' in again) return false;
      settle(asked, again, ports);
      return true;
    },
    expire: () => {
      send(asked, failure(503, 'it did not come in time', RETRY_SOON), ports);
    },
  });
  if (leave === undefined) send(asked, failure(503, 'too many requests wait', RETRY_SOON), ports);
  else asked.response.on('close', leave);
}

/** Answers with what the store has, or else that there is nothing. */
function lookInStore(asked: Asked, verdict: Answer, ports: LiveRoutesPorts): void {
  const { request, response, path, live } = asked;
  const { stored } = ports;
  // A playlist that is to come soon is not that of an earlier broadcast. Parts are in memory only.
  const isKept = live !== undefined && live.type !== 'part';
  if (stored === undefined || !isKept || (isPlaylist(live) && verdict.status !== 404)) {
    send(asked, verdict, ports);
    return;
  }
  const { credentials = '' } = asked;
  if (credentials !== '' && listsUrls(live)) {
    storedList(stored, { path, live }, credentials).then(
      (found) => {
        send(asked, found === undefined ? verdict : present(found, request), ports);
      },
      (error: unknown) => {
        storeFails(asked, error, ports);
      },
    );
    return;
  }
  storedAnswer(stored, { path, live }, { request, response }).then(
    (found) => {
      if (found === 'left') return;
      if (found === undefined) send(asked, verdict, ports);
      else if (found.part.status === 416)
        send(asked, failure(416, 'range', found.part.headers), ports);
      else send(asked, { ...found.part, body: found.body, ...segmentOf(found.head) }, ports);
    },
    (error: unknown) => {
      storeFails(asked, error, ports);
    },
  );
}

function storeFails(asked: Asked, error: unknown, ports: LiveRoutesPorts): void {
  ports.onStoreFailed?.(asked.path, error);
  send(asked, failure(503, 'the store fails', RETRY_SOON), ports);
}

/** Whether what is under a path leads players to other URLs. */
function listsUrls(live: LivePath | undefined): boolean {
  return (
    live?.type === 'playlist' ||
    live?.type === 'multivariant' ||
    (live?.type === 'product' && live.kind === 'storyboard')
  );
}

function send(
  asked: Asked,
  { status, headers, body, segment }: Answer,
  ports: LiveRoutesPorts,
): void {
  const { request, response, path, live, credentials } = asked;
  const control = headers['Cache-Control'];
  response.writeHead(status, {
    ...CORS_HEADERS,
    ...headers,
    ...(credentials !== undefined &&
      typeof control === 'string' && { 'Cache-Control': privately(control) }),
    ...(status !== 304 && { 'Content-Length': body.length }),
  });
  const { range } = request.headers;
  const onDone = (bytes: number): void => {
    if (live !== undefined && segment !== undefined) ports.served(live.channel, segment, bytes);
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
