import { BitReader } from '../bit-reader.ts';
import { isPictureSize, type PictureSize } from '../h264/picture-size.ts';
import { type VideoCodec } from './codecs.ts';

/** Sizes with a number of their own (Adobe FLV specification 10.1, section E.4.3.1, of H263VIDEOPACKET). */
const H263_SIZES: Readonly<Record<number, PictureSize>> = {
  2: { width: 352, height: 288 },
  3: { width: 176, height: 144 },
  4: { width: 128, height: 96 },
  5: { width: 320, height: 240 },
  6: { width: 160, height: 120 },
};
const H263_START_CODE = 1;
/** Pixels along the side of a macroblock of VP6. */
const VP6_BLOCK = 16;

/** The size that a key frame of a codec without a header says; undefined when it cannot be read. */
export function legacySize(codec: VideoCodec, data: Uint8Array): PictureSize | undefined {
  const size = readSize(codec, data);
  return size !== undefined && isPictureSize(size) ? size : undefined;
}

function readSize(codec: VideoCodec, data: Uint8Array): PictureSize | undefined {
  const bits = new BitReader(data);
  switch (codec) {
    case 'H.263': {
      if (bits.take(17) !== H263_START_CODE) return undefined;
      bits.skip(13);
      const kind = bits.take(3);
      const side = kind === 0 ? 8 : 16;
      return kind > 1 ? H263_SIZES[kind] : { width: bits.take(side), height: bits.take(side) };
    }
    case 'Screen video':
    case 'Screen video 2': {
      bits.skip(4);
      const width = bits.take(12);
      bits.skip(4);
      return { width, height: bits.take(12) };
    }
    case 'VP6':
      return readVp6(data);
    case 'VP6 with alpha':
      // The length of the colours stands before them.
      return readVp6(Uint8Array.of(data[0] ?? 0, ...data.subarray(4, 10)));
    default:
      return undefined;
  }
}

/** A byte of what is cut off at the right and below, then the head of a key frame (VP6 bitstream specification, section 9). */
function readVp6(data: Uint8Array): PictureSize | undefined {
  const [cropped = 0, first = 0x80, version = 0] = data;
  if (first >= 0x80) return undefined;
  const offset = (first & 1) !== 0 || (version & 6) === 0 ? 2 : 0;
  const [rows = 0, columns = 0] = data.subarray(3 + offset, 5 + offset);
  const [right, bottom] = [cropped >> 4, cropped & 15];
  return { width: columns * VP6_BLOCK - right, height: rows * VP6_BLOCK - bottom };
}
