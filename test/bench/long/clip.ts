import { unwrap } from '@shoal/protocol';
import { FlvStream, sealTag, tagKind } from '@shoal/server/core';
import { findFfmpeg } from '@shoal/server';
import { runTool } from '../../support/lint/media-tools.ts';

/** An FLV tag of a clip. */
type ClipTag = { readonly bytes: Uint8Array; readonly at: number };

/** A clip of real media that is played again and again: its headers, and its frames within one period. */
export type Clip = {
  readonly headers: readonly Uint8Array[];
  readonly frames: readonly ClipTag[];
  readonly periodMs: number;
};

/** 64 s are 1,920 frames at 30 a second and 3,000 frames of AAC at 48 kHz: both begin anew without a seam. */
const PERIOD_SECONDS = 64;

/** Makes a clip with ffmpeg: H.264 at 30 frames/s, a key frame every 2 s, and AAC. */
export async function makeClip(of: {
  readonly size: string;
  readonly bFrames: number;
}): Promise<Clip> {
  const { path } = await findFfmpeg();
  const seconds = PERIOD_SECONDS + 2;
  const { out } = await runTool(
    path,
    [
      ...[
        '-v',
        'error',
        '-f',
        'lavfi',
        '-i',
        `testsrc2=size=${of.size}:rate=30:duration=${seconds}`,
      ],
      ...['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${seconds}`],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-g', '60', '-sc_threshold', '0'],
      ...['-bf', String(of.bFrames), '-b:v', '350k', '-pix_fmt', 'yuv420p'],
      ...['-c:a', 'aac', '-b:a', '48k', '-f', 'flv', '-'],
    ],
    new Uint8Array(0),
  );
  return readClip(out, PERIOD_SECONDS * 1000);
}

/** The headers and frames of the first period of an FLV file. */
function readClip(flv: Uint8Array, periodMs: number): Clip {
  const headers: Uint8Array[] = [];
  const frames: ClipTag[] = [];
  const first = new Map<string, number>();
  for (const bytes of unwrap(new FlvStream().push(flv))) {
    const { type } = tagKind(bytes);
    const at = timeOf(bytes);
    if (type === 'video-header' || type === 'audio-header') headers.push(bytes);
    if (type !== 'video' && type !== 'key-frame' && type !== 'audio') continue;
    const kind = type === 'audio' ? 'audio' : 'video';
    const from = first.get(kind) ?? at;
    first.set(kind, from);
    if (at - from < periodMs) frames.push({ bytes, at });
  }
  const start = Math.min(...first.values());
  const played = frames.map(({ bytes, at }) => ({ bytes, at: at - start }));
  return { headers, frames: played.sort((a, b) => a.at - b.at), periodMs };
}

/** The frames of a clip that is played from its beginning without end: when each is due, in ms, and where it comes from. */
export function* loop(clip: Clip): Generator<ClipTag, never> {
  for (let base = 0; ; base += clip.periodMs)
    for (const { bytes, at } of clip.frames) yield { bytes, at: base + at };
}

/** A tag of its own memory with another timestamp, of which 32 bits count. */
export function retimed(tag: Uint8Array, timestampMs: number): Uint8Array {
  return sealTag(Uint8Array.from(tag), tag[0] ?? 0, timestampMs % 2 ** 32);
}

function timeOf(tag: Uint8Array): number {
  const [, , , , a = 0, b = 0, c = 0, high = 0] = tag;
  return ((high << 24) | (a << 16) | (b << 8) | c) >>> 0;
}
