import { type SessionId } from '../../core/index.ts';

/** What takes in the publishers of a channel. */
export type PublishedChannel = {
  readonly publish: (session: SessionId) => void;
  readonly tag: (session: SessionId, tag: Uint8Array) => void;
  readonly unpublish: (session: SessionId, reason: string) => void;
};
