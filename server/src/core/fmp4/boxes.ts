import { err, ok, type Result } from '@shoal/protocol';

/** One ISO-BMFF box (ISO/IEC 14496-12, section 4.2): its type and the bytes after its header. */
export type Box = { readonly type: string; readonly body: Uint8Array };

/** A view for reading big-endian integers of `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Four characters at `at`. */
export function fourCharacters(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

const MAX_CHILDREN = 256;

/**
 * The boxes that fill `bytes` exactly. 64-bit and to-the-end sizes, which ffmpeg does not write in
 * fragments, are errors, and so is a box that does not fit.
 */
export function readBoxes(bytes: Uint8Array): Result<readonly Box[], string> {
  const view = viewOf(bytes);
  const boxes: Box[] = [];
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < 8) return err('box header past the end');
    const size = view.getUint32(at);
    if (size < 8 || size > bytes.length - at) return err('box of an impossible size');
    if (boxes.length >= MAX_CHILDREN) return err('too many boxes');
    boxes.push({
      type: fourCharacters(bytes, at + 4),
      body: bytes.subarray(at + 8, at + size),
    });
    at += size;
  }
  return ok(boxes);
}

/** A box of this type around `parts`, in memory of its own. */
export function makeBox(type: string, parts: readonly Uint8Array[]): Uint8Array {
  const header = new Uint8Array(8);
  const size = parts.reduce((sum, part) => sum + part.length, header.length);
  viewOf(header).setUint32(0, size);
  for (let i = 0; i < 4; i++) header[4 + i] = type.charCodeAt(i);
  return joined([header, ...parts]);
}

/** All `parts`, one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The first child of that type, or undefined. */
export function child(boxes: readonly Box[], type: string): Uint8Array | undefined {
  return boxes.find((box) => box.type === type)?.body;
}

/** Follows a path of box types down from `bytes`; an error names the box that is missing or broken. */
export function descend(bytes: Uint8Array, path: readonly string[]): Result<Uint8Array, string> {
  let at = bytes;
  for (const type of path) {
    const boxes = readBoxes(at);
    if (!boxes.ok) return boxes;
    const found = child(boxes.value, type);
    if (found === undefined) return err(`no ${type} box`);
    at = found;
  }
  return ok(at);
}
