import { type RenditionId } from '@shoal/protocol';
import { digestsPath, initPath, type MadeSegment, segmentPath } from '@shoal/server/core';
import { channelId, originSegment, renditionId } from './builders.ts';

/** Which segment is made; 2 s and of two pieces unless said otherwise. */
export type MadeChoices = {
  readonly epoch: number;
  readonly msn: number;
  /** Unix milliseconds. */
  readonly at: number;
  /** Whether it is the first of its epoch. */
  readonly first?: boolean;
  readonly discontinuity?: number;
  readonly renditions?: readonly RenditionId[];
  readonly durationMs?: number;
  readonly pieces?: number;
  /** Signs it; not signed by default. */
  readonly sign?: (statement: Uint8Array) => Uint8Array;
};

/** A segment as a channel makes it, with bytes that follow from its name. */
export function madeSegment(choices: MadeChoices): MadeSegment {
  const { epoch, msn, at, first = false, discontinuity = 0, durationMs = 2_000 } = choices;
  const { renditions = [renditionId()], pieces = 2 } = choices;
  const channel = channelId();
  const made = renditions.map((rendition) =>
    originSegment(msn, {
      ...{ epoch, rendition, durationMs, pieces, channel },
      ...(choices.sign !== undefined && { sign: choices.sign }),
    }),
  );
  const infos = made.map(({ info }) => info);
  return {
    segment: { epoch, msn, infos, programDateTimeMs: at, discontinuity, independent: true },
    files: made.flatMap(({ info, bytes, digests }) => [
      { path: segmentPath(channel, info.id), bytes },
      { path: digestsPath(channel, info.id), bytes: digests },
    ]),
    inits: first
      ? infos.map(({ id }) => ({ path: initPath(channel, id), bytes: new Uint8Array([1, 2, 3]) }))
      : [],
    renditions: renditions.map((rendition) => ({
      ...{ rendition, codecs: 'avc1.64001F,mp4a.40.2', width: 640, height: 360, frameRate: 30 },
    })),
    targetDuration: Math.ceil(durationMs / 1000),
  };
}
