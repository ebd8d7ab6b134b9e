import { randomBytes } from 'node:crypto';
import { basename } from 'node:path/posix';
import {
  type ChannelStatus,
  type LiveObject,
  type Stored,
  type StoredKind,
} from '../../core/index.ts';

const TYPES: Readonly<Record<StoredKind, string>> = {
  init: 'video/mp4',
  segment: 'video/mp4',
  digests: 'application/octet-stream',
};

/** What is served for something that never changes under its path (ORG-6); the name itself tells it apart. */
export function immutableObject(
  stored: Stored & { readonly path: string; readonly kind: StoredKind },
): LiveObject {
  return { bytes: stored.bytes, ...immutableHead(stored) };
}

/** The same without the bytes: alike wherever they are kept. */
export function immutableHead(
  of: Pick<Stored, 'id'> & { readonly path: string; readonly kind: StoredKind },
): Omit<LiveObject, 'bytes'> {
  return {
    contentType: TYPES[of.kind],
    etag: `"${basename(of.path)}"`,
    cacheControl: 'public, max-age=31536000, immutable',
    ...(of.kind === 'segment' && of.id !== undefined && { segment: of.id }),
  };
}

/** Turns playlist texts into live objects, each with an entity tag of its own. */
export class PlaylistVersions {
  /** Tags of an earlier process must not match. */
  readonly #prefix: string = randomBytes(6).toString('base64url');
  #version = 0;

  next(text: string, status: Pick<ChannelStatus, 'targetDurationMs'>): LiveObject {
    this.#version += 1;
    // A browser asks again each time, which an entity tag makes cheap: what it held back would be
    // latency. Shared caches may hold a playlist for half a target duration (ORG-6).
    const shared = Math.floor((status.targetDurationMs ?? 0) / 2000);
    return {
      bytes: Buffer.from(text),
      contentType: 'application/vnd.apple.mpegurl',
      etag: `"${this.#prefix}-${this.#version}"`,
      cacheControl: `public, max-age=0, s-maxage=${shared}`,
    };
  }
}
