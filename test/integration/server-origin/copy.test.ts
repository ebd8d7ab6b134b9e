import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findFfmpeg } from '@shoal/server';
import {
  type CutSegment,
  FlvMuxer,
  FlvStream,
  fragmentMsFor,
  ROUNDING_MS,
  Segmenter,
} from '@shoal/server/core';
import { unwrap } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { decode, packets } from './decode.ts';

const SEGMENT_MS = 1_000;

/** What ffmpeg makes of these arguments, from `input` where there is one. */
async function ffmpeg(args: readonly string[], input?: Uint8Array): Promise<Buffer> {
  const { path } = await findFfmpeg();
  const process = spawn(path, ['-v', 'error', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const parts: Buffer[] = [];
  process.stdout.on('data', (part: Buffer) => parts.push(part));
  process.stdin.end(input);
  await once(process, 'close');
  return Buffer.concat(parts);
}

const SOURCE = [
  ...['-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=30:duration=5'],
  ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100:duration=5'],
];
const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-g', '30', '-sc_threshold', '0'];
const AAC = ['-c:a', 'aac', '-b:a', '48k', '-shortest'];
const FLV = ['-f', 'flv', '-'];

/** The same by ffmpeg. */
const COPY = [
  ...['-f', 'flv', '-i', 'pipe:0', '-c', 'copy', '-frag_duration', '1200000', '-f', 'mp4'],
  ...['-movflags', '+frag_keyframe+empty_moov+default_base_moof', 'pipe:1'],
];

type Made = { readonly init: Uint8Array; readonly segments: readonly CutSegment[] };

function cut(chunks: readonly Uint8Array[]): Made {
  const limitMs = (): number => SEGMENT_MS + ROUNDING_MS;
  const fragmentMs = fragmentMsFor(SEGMENT_MS);
  const cutter = new Segmenter({ targetMs: SEGMENT_MS, fragmentMs, limitMs });
  let init = new Uint8Array(0);
  const segments: CutSegment[] = [];
  for (const chunk of chunks)
    for (const made of unwrap(cutter.push(chunk)))
      if (made.type === 'segment') segments.push(made.segment);
      else init = Uint8Array.from(made.renditions[0]?.bytes ?? []);
  return { init, segments: [...segments, ...cutter.finish()] };
}

function mux(flv: Uint8Array): Made {
  const muxer = new FlvMuxer({ fragmentMs: fragmentMsFor(SEGMENT_MS) });
  const tags = unwrap(new FlvStream().push(flv));
  return cut([...tags.flatMap((tag) => unwrap(muxer.push(tag))), ...muxer.finish()]);
}

const lengths = ({ segments }: Made): readonly number[] =>
  segments.map(({ durationMs }) => Math.round(durationMs / 10) * 10);

describe('copying', () => {
  it.each([
    ['pictures and sound', [...SOURCE, ...H264, ...AAC]],
    ['pictures out of order', [...SOURCE, ...H264, '-bf', '3', ...AAC]],
    ['pictures alone', [...SOURCE.slice(0, 4), ...H264]],
    [
      'high profile of 4:2:0 and mono at 48 kHz',
      [...[...SOURCE, ...H264, '-profile:v', 'high', ...AAC, '-ar', '48000', '-ac', '1']],
    ],
  ])('%s: makes of FLV what ffmpeg makes of it', async (_what, args) => {
    const flv = await ffmpeg([...args, ...FLV]);
    const ours = mux(flv);
    const theirs = cut([await ffmpeg(COPY, flv)]);
    expect(lengths(ours)).toEqual(lengths(theirs));
    const file = (made: Made): Buffer =>
      Buffer.concat([made.init, ...made.segments.flatMap(({ media }) => media)]);
    expect(await decode(file(ours))).toBe('');
    const [a, b] = [await packets(file(ours)), await packets(file(theirs))];
    expect(a.map(({ key }) => key)).toEqual(b.map(({ key }) => key));
    // ffmpeg has the first picture begin at once; all others are shown at the same time.
    const [, first] = a;
    const [, theirFirst] = b;
    const shift = (first?.pts ?? 0) - (theirFirst?.pts ?? 0);
    for (const [i, { pts }] of a.entries())
      if (i > 0) expect(pts - (b[i]?.pts ?? 0)).toBeCloseTo(shift, 2);
  });

  it('sound alone', async () => {
    const flv = await ffmpeg([...SOURCE.slice(4), ...AAC, ...FLV]);
    const { init, segments } = mux(flv);
    expect(segments.length).toBeGreaterThan(2);
    expect(await decode(Buffer.concat([init, ...segments.flatMap(({ media }) => media)]))).toBe('');
    const seconds = segments.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000;
    expect(seconds).toBeCloseTo(5, 0);
  });
});
