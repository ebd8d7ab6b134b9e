import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader, payloadStart, textFrame } from '../../../bench/tracker/frames.ts';

/** A frame as a server sends it: the same without a mask. */
function serverFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.of(0x80 | opcode, length), payload]);
  const head =
    length < 65_536
      ? Buffer.of(0x80 | opcode, 126, length >> 8, length & 0xff)
      : Buffer.concat([Buffer.of(0x80 | opcode, 127, 0, 0, 0, 0), uint32(length)]);
  return Buffer.concat([head, payload]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function reading() {
  const heard: string[] = [];
  const pongs: Buffer[] = [];
  const ends: string[] = [];
  const reader = new FrameReader({
    onText: (payload) => heard.push(payload.toString()),
    onPong: (frame) => pongs.push(frame),
    onClose: (why) => ends.push(why),
  });
  return { heard, pongs, ends, reader };
}

describe('frames of the load generator', () => {
  it('carry their payload behind a mask of zero, whatever its length', () => {
    for (const length of [0, 125, 126, 65_535, 65_536]) {
      const payload = Buffer.alloc(length, 'x');
      const frame = textFrame(payload);
      const start = payloadStart(length);
      expect(frame.subarray(start)).toEqual(payload);
      expect(frame.subarray(start - 4, start)).toEqual(Buffer.alloc(4));
      expect((frame[1] ?? 0) & 0x80).toBe(0x80);
    }
  });

  it('are read as they were sent, however the bytes are cut', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.nat(70_000).map((length) => 'y'.repeat(length)),
    );
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(9_999), { maxLength: 8 }),
        (texts, cuts) => {
          const bytes = Buffer.concat(texts.map((each) => serverFrame(1, Buffer.from(each))));
          const { heard, reader } = reading();
          const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
          let from = 0;
          for (const to of ends.sort((a, b) => a - b)) {
            reader.push(bytes.subarray(from, to));
            from = to;
          }
          expect(heard).toEqual(texts);
        },
      ),
    );
  });

  it('answer a ping, and end with a close frame or one that no server sends', () => {
    const { heard, pongs, ends, reader } = reading();
    reader.push(serverFrame(9, Buffer.from('hi')));
    expect(pongs).toEqual([Buffer.of(0x8a, 0x82, 0, 0, 0, 0, 0x68, 0x69)]);
    reader.push(serverFrame(8, Buffer.concat([Buffer.of(0x11, 0x94), Buffer.from('gone')])));
    reader.push(serverFrame(1, Buffer.from('late')));
    expect(ends).toEqual(['closed with 4500 gone']);
    expect(heard).toEqual([]);
    const other = reading();
    other.reader.push(textFrame(Buffer.from('masked')));
    expect(other.ends).toEqual(['not a frame of a server']);
  });
});
