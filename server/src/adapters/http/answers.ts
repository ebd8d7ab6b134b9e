import { type IncomingMessage } from 'node:http';
import { type SegmentId } from '@shoal/protocol';
import { type LiveObject } from '../../core/index.ts';
import { wantedPart } from './entity.ts';
import { problem, PROBLEM_TYPE } from './problem.ts';
import { type StoredBody } from './stored-answer.ts';

/** What a request under `/live/` is answered. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Uint8Array | StoredBody;
  /** The segment whose media it is. */
  readonly segment?: SegmentId;
};

/** Of an answer that the next moment may make another one. */
export const RETRY_SOON: Readonly<Record<string, string>> = {
  'Retry-After': '1',
  'Cache-Control': 'no-store',
};

/** What is there, or the part of it that is wanted. */
export function present(object: LiveObject, request: IncomingMessage): Answer {
  const { status, headers, from, to } = wantedPart(request, object, object.bytes.length);
  if (status === 416) return failure(416, 'range', headers);
  return { status, headers, body: object.bytes.subarray(from, to), ...segmentOf(object) };
}

/** The segment of something, where it is one's media. */
export function segmentOf({ segment }: Pick<LiveObject, 'segment'>): Pick<Answer, 'segment'> {
  return segment === undefined ? {} : { segment };
}

/** What is not there (yet): 503 for a playlist that will come, since players try that again, else 404. */
export function missing(expected: boolean): Answer {
  if (expected) return failure(503, 'the channel is starting', RETRY_SOON);
  return failure(404, 'no such file', { 'Cache-Control': 'public, max-age=1' });
}

/** A problem in words (RFC 9457). */
export function failure(
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
