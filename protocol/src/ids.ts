import { err, ok, type Result } from './result.ts';

declare const brand: unique symbol;
type Brand<Name extends string> = string & { readonly [brand]: Name };

/** A broadcast channel; 1–64 characters of `A-Z a-z 0-9 _ -` (SEG-1). */
export type ChannelId = Brand<'ChannelId'>;
/** One encoding of a channel's media; 1–32 characters of `A-Z a-z 0-9 _ -` (SEG-1). */
export type RenditionId = Brand<'RenditionId'>;
/** A viewer as the tracker names it; the tracker hands it out, a client never chooses it (TRK-2). */
export type PeerId = Brand<'PeerId'>;

const CHANNEL = /^[A-Za-z0-9_-]{1,64}$/;
const RENDITION = /^[A-Za-z0-9_-]{1,32}$/;
const PEER = /^[A-Za-z0-9_-]{1,20}$/;

function parser<T extends string>(pattern: RegExp, what: string) {
  return (value: unknown): Result<T, string> =>
    typeof value === 'string' && pattern.test(value)
      ? ok(value as T) // the pattern is the brand
      : err(`${what} must match ${pattern.source}`);
}

/** Accepts a channel id or says why not. */
export const parseChannelId: (value: unknown) => Result<ChannelId, string> = parser(
  CHANNEL,
  'channel',
);
/** Accepts a rendition id or says why not. */
export const parseRenditionId: (value: unknown) => Result<RenditionId, string> = parser(
  RENDITION,
  'rendition',
);
/** Accepts a peer id or says why not. */
export const parsePeerId: (value: unknown) => Result<PeerId, string> = parser(PEER, 'peer');
