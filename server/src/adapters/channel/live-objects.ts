import { randomBytes } from 'node:crypto';
import { basename } from 'node:path/posix';
import {
  type Awaited,
  type ChannelStatus,
  type LiveObject,
  type Stored,
  type StoredKind,
} from '../../core/index.ts';

const TYPES: Readonly<Record<StoredKind, string>> = {
  init: 'video/mp4',
  segment: 'video/mp4',
  digests: 'application/octet-stream',
  part: 'video/mp4',
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

/** In target durations (draft-pantos-hls-rfc8216bis section 6.2.5.2 and appendix B.1). */
const BLOCK_TARGETS = 3;
const CACHE_TARGETS = 6;

/** Turns playlist texts into live objects, each with an entity tag of its own. */
export class PlaylistVersions {
  /** Tags of an earlier process must not match. */
  readonly #prefix: string = randomBytes(6).toString('base64url');
  #version = 0;

  next(
    text: string,
    status: Pick<ChannelStatus, 'targetDurationMs'>,
    awaited?: Awaited,
  ): LiveObject {
    this.#version += 1;
    const targetMs = status.targetDurationMs ?? 0;
    const object = {
      bytes: Buffer.from(text),
      contentType: 'application/vnd.apple.mpegurl',
      etag: `"${this.#prefix}-${this.#version}"`,
    };
    // A browser asks again each time, which an entity tag makes cheap: what it held back would be
    // latency. Shared caches may hold a playlist for half a target duration (ORG-6), and one that changes with
    // every part not at all.
    const shared = awaited === undefined ? Math.floor(targetMs / 2000) : 0;
    const cacheControl = `public, max-age=0, s-maxage=${shared}`;
    if (awaited === undefined) return { ...object, cacheControl };
    const { reach, delta } = awaited;
    return {
      ...{ ...object, cacheControl },
      awaited: {
        ...{ reach, waitMs: BLOCK_TARGETS * targetMs },
        ...(delta !== undefined && { delta: Buffer.from(delta) }),
        cacheControl: `public, max-age=0, s-maxage=${Math.ceil((CACHE_TARGETS * targetMs) / 1000)}`,
      },
    };
  }
}
