import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FLV_HEADER, FlvStream, ORIGIN_LIMITS } from '@shoal/server/core';
import { flvTag } from '../flv-tags.ts';
import { chunksOf } from '../fmp4/media-fixtures.ts';

const TAGS = [flvTag.videoHeader(), flvTag.key(0, 5_000), flvTag.audio(10), flvTag.frame(33)];
const FILE = Buffer.concat([FLV_HEADER, ...TAGS]);

function read(stream: FlvStream, chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  return chunks.flatMap((chunk) => {
    const tags = stream.push(chunk);
    if (!tags.ok) throw new Error(tags.error);
    return [...tags.value];
  });
}

describe('an FLV stream', () => {
  it('is cut into its tags, however it comes', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(sizes, (chosen) => {
        const tags = read(new FlvStream(), chunksOf(FILE, chosen));
        expect(tags.map((tag) => Buffer.from(tag).toString('hex'))).toEqual(
          TAGS.map((tag) => Buffer.from(tag).toString('hex')),
        );
      }),
    );
  });

  it('gives tags that do not share memory with what was pushed', () => {
    const chunk = Buffer.from(FILE);
    const [first] = read(new FlvStream(), [chunk]);
    chunk.fill(0);
    expect(first).toEqual(TAGS[0]);
  });

  it('that is none, or has a tag larger than a message may be, is an error', () => {
    expect(new FlvStream().push(Buffer.from('GET / HTTP'))).toEqual({
      ok: false,
      error: 'not FLV',
    });
    const large = Buffer.alloc(11);
    large.writeUIntBE(ORIGIN_LIMITS.rtmpMessageBytes + 1, 1, 3);
    expect(new FlvStream().push(Buffer.concat([FLV_HEADER, large])).ok).toBe(false);
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (chunks) => {
        const stream = new FlvStream();
        stream.push(FLV_HEADER);
        for (const chunk of chunks) if (!stream.push(chunk).ok) return;
      }),
    );
  });
});
