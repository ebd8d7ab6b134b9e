/** Above these payload lengths the length takes two or eight more bytes (RFC 6455 section 5.2). */
const LENGTH_7_BITS = 125;
const LENGTH_16_BITS = 65_535;
const FIN_TEXT = 0x81;

/**
 * A text message as one frame of a server (RFC 6455 section 5.2: whole, not masked), in one buffer: written at once, where `ws`
 * hands a socket the header and the payload of each message apart, which costs it a cork and a vectored write.
 */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text, 'utf8');
  const header = length <= LENGTH_7_BITS ? 2 : length <= LENGTH_16_BITS ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = FIN_TEXT;
  if (header === 2) frame[1] = length;
  else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
  frame.write(text, header, 'utf8');
  return frame;
}
