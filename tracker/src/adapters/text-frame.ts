/** Above these payload lengths the length takes two or eight more bytes (RFC 6455 section 5.2). */
const LENGTH_7_BITS = 125;
const LENGTH_16_BITS = 65_535;
const FIN_TEXT = 0x81;

/** A frame as a socket takes it: bytes, or a text whose characters are its bytes (Latin-1). */
export type Frame = Buffer | string;

/**
 * A text message as one frame of a server (RFC 6455 section 5.2: whole, not masked), where `ws` hands a socket the header and the
 * payload apart. A text of ASCII stays one: sockets write short strings without a buffer of their own, which would be most of what
 * the garbage collector has to do here.
 */
export function textFrame(text: string): Frame {
  const length = Buffer.byteLength(text, 'utf8');
  const header = headerOf(length);
  if (length === text.length) return String.fromCharCode(...header) + text;
  const frame = Buffer.allocUnsafe(header.length + length);
  frame.set(header);
  frame.write(text, header.length, 'utf8');
  return frame;
}

function headerOf(length: number): readonly number[] {
  if (length <= LENGTH_7_BITS) return [FIN_TEXT, length];
  if (length <= LENGTH_16_BITS) return [FIN_TEXT, 126, length >> 8, length & 0xff];
  const bytes = [24, 16, 8, 0].map((bits) => (length >>> bits) & 0xff);
  return [FIN_TEXT, 127, 0, 0, 0, 0, ...bytes];
}
