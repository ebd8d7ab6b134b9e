import { createHash } from 'node:crypto';
import {
  type ChannelId,
  digestList,
  LIMITS,
  parseChannelId,
  parsePeerId,
  parseRenditionId,
  type PeerId,
  type RenditionId,
  rootOf,
  segmentFile,
  type SegmentInfo,
  segmentStatement,
  toBase64Url,
  unwrap,
} from '@shoal/protocol';
import { seededBytes } from './seeded-random.ts';

/** SHA-256 as the pure cores take it, by Node's own implementation. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export function channelId(text = 'demo'): ChannelId {
  return unwrap(parseChannelId(text));
}

export function renditionId(text = 'source'): RenditionId {
  return unwrap(parseRenditionId(text));
}

export function peerId(text = 'peer'): PeerId {
  return unwrap(parsePeerId(text));
}

/** A segment as its origin has it: what is said of it, its bytes, and where it is. */
export type OriginSegment = {
  readonly info: SegmentInfo;
  readonly bytes: Uint8Array;
  readonly digests: Uint8Array;
  readonly url: string;
};

/** A segment of `pieces` pieces, the last of them `cut` bytes short; the bytes follow from its name. */
export function originSegment(
  msn: number,
  options: {
    readonly pieces?: number;
    readonly cut?: number;
    readonly rendition?: string;
    readonly channel?: string;
    readonly epoch?: number;
    readonly durationMs?: number;
    /** Signs it as an origin does; not signed by default. */
    readonly sign?: (statement: Uint8Array) => Uint8Array;
  } = {},
): OriginSegment {
  const { pieces = 8, cut = 1_000, epoch = 1_700_000_000, durationMs = 2_000 } = options;
  const rendition = renditionId(options.rendition ?? 'source');
  const channel = channelId(options.channel ?? 'demo');
  const name = sha256(Buffer.from(`${channel}/${rendition}/${epoch}-${msn}`));
  const seed = Buffer.from(name).readUInt32BE(0);
  const bytes = seededBytes(seed, pieces * LIMITS.pieceBytes - cut);
  const digests = digestList(bytes, sha256);
  const id = { rendition, epoch, msn };
  const plain = { id, size: bytes.length, durationMs, root: rootOf(digests, sha256) };
  const signature = options.sign?.(segmentStatement(channel, plain));
  const info = signature === undefined ? plain : { ...plain, signature: toBase64Url(signature) };
  const url = `https://origin.test/live/${channel}/${rendition}/${segmentFile(id)}`;
  return { info, bytes, digests, url };
}

/** Bytes of one piece of a segment, as a view. */
export function pieceOf({ bytes }: OriginSegment, index: number): Uint8Array {
  return bytes.subarray(index * LIMITS.pieceBytes, (index + 1) * LIMITS.pieceBytes);
}
