import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FRAME_KIND,
  frameHeader,
  FrameReader,
  ORIGIN_LIMITS,
  type PipeFrame,
} from '@shoal/server/core';

const frame = fc.record({
  kind: fc.constantFrom(...Object.values(FRAME_KIND)),
  session: fc.integer({ min: 0, max: 0xffff_ffff }),
  body: fc.uint8Array({ maxLength: 300 }),
});

function bytesOf(frames: readonly PipeFrame[]): Uint8Array {
  return Buffer.concat(frames.flatMap((one) => [frameHeader(one), one.body]));
}

describe('frames between the origin and its ingest process', () => {
  it('are read as they were written, however the pipe cuts them', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), sizes, (frames, chunks) => {
        const reader = new FrameReader();
        const bytes = bytesOf(frames);
        const read: PipeFrame[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = chunks[i % chunks.length] ?? 1;
          const result = reader.push(bytes.subarray(at, at + size));
          if (result.ok) read.push(...result.value);
          at += size;
        }
        const plain = ({ kind, session, body }: PipeFrame): unknown => [kind, session, [...body]];
        expect(read.map(plain)).toEqual(frames.map(plain));
      }),
    );
  });

  it('a frame within one chunk is not copied', () => {
    const bytes = bytesOf([{ kind: FRAME_KIND.tag, session: 1, body: new Uint8Array(100) }]);
    const read = new FrameReader().push(bytes);
    expect(read.ok && read.value[0]?.body.buffer).toBe(bytes.buffer);
  });

  it('a frame beyond the limit breaks the stream before it is held', () => {
    const header = frameHeader({ kind: 10, session: 1, body: new Uint8Array(0) });
    new DataView(header.buffer).setUint32(0, ORIGIN_LIMITS.pipeFrameBytes + 1);
    expect(new FrameReader().push(header).ok).toBe(false);
  });
});
