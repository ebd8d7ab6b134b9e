import { type ChannelId } from '@shoal/protocol';

/** Somebody who wants to publish to the origin, or to play from it. */
export type AccessRequest = {
  readonly action: 'publish' | 'read';
  readonly protocol: 'rtmp' | 'rtmps' | 'srt' | 'hls';
  /** Of the connection. */
  readonly ip: string;
  /** What comes after the host, as `live/NAME`, without slash before it and without query. NAME of a publisher is its stream key. */
  readonly path: string;
  /** What comes after the question mark; empty where there is none. */
  readonly query: string;
  /** Of the query or the `Authorization` header; empty where there is none. */
  readonly user: string;
  readonly password: string;
  readonly token: string;
  /** Of the connection or request, for logs. */
  readonly id: string;
};

/** What it may do. */
export type AccessAnswer =
  | { readonly allowed: true; readonly channel: ChannelId }
  /** The reason is for the log, and for the publisher; it repeats nothing secret. */
  | { readonly allowed: false; readonly reason: string };

/** Decides who may publish or play. Rejects when it cannot be asked; then nobody may. */
export type AccessGate = (request: AccessRequest) => Promise<AccessAnswer>;
