import { err, ok, type Result } from '@shoal/protocol';
import { ORIGIN_LIMITS } from '../limits.ts';

/**
 * Checks that a buffer is a sequence of AMF0 values (AMF0 specification, section 2) that a recursive
 * decoder can read safely: known markers only, no value past the end, at most
 * `ORIGIN_LIMITS.amfDepth` levels and `amfValues` values. Works without recursion and allocates nothing
 * that the input chooses.
 */
export function checkAmf0(buffer: Uint8Array): Result<undefined, string> {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  /** Values still expected at each open level: a count for strict arrays, -1 for keyed objects. */
  const open: number[] = [];
  let at = 0;
  let values = 0;
  const left = (): number => buffer.length - at;
  while (at < buffer.length || open.length > 0) {
    while (open[open.length - 1] === 0) open.pop();
    const level = open[open.length - 1];
    if (level === undefined && at >= buffer.length) break;
    if (level === -1) {
      const key = readKey(view, at);
      if (key === undefined) return err('AMF key past the end');
      at += key;
      if (left() < 1) return err('AMF object without an end');
      if (view.getUint8(at) === 9) {
        // The decoder stops at any end marker, the specification only after an empty key.
        if (key !== 2) return err('AMF end marker after a key');
        at += 1;
        open.pop();
        continue;
      }
      if (key === 2) return err('AMF value with an empty key');
    } else if (level !== undefined) open[open.length - 1] = level - 1;
    if (++values > ORIGIN_LIMITS.amfValues) return err('too many AMF values');
    const value = valueBytes(view, at);
    if (value === undefined) return err('AMF value past the end or of an unknown type');
    at += value.bytes;
    if (value.opens !== undefined) {
      open.push(value.opens);
      if (open.length > ORIGIN_LIMITS.amfDepth) return err('AMF nested too deeply');
    }
  }
  return ok(undefined);
}

function readKey(view: DataView, at: number): number | undefined {
  if (view.byteLength - at < 2) return undefined;
  const bytes = 2 + view.getUint16(at);
  return view.byteLength - at < bytes ? undefined : bytes;
}

/** Fixed bytes of a value at `at`, and the level that it opens, if it is a container. */
function valueBytes(
  view: DataView,
  at: number,
): { readonly bytes: number; readonly opens?: number } | undefined {
  const left = view.byteLength - at;
  if (left < 1) return undefined;
  const within = (bytes: number, opens?: number) =>
    bytes > left ? undefined : opens === undefined ? { bytes } : { bytes, opens };
  switch (view.getUint8(at)) {
    case 0x00:
      return within(9);
    case 0x01:
      return within(2);
    case 0x02:
    case 0x0f:
      return left < 3 ? undefined : within(3 + view.getUint16(at + 1));
    case 0x03:
      return within(1, -1);
    case 0x05:
    case 0x06:
      return within(1);
    case 0x07:
      return within(3);
    case 0x08:
      return within(5, -1);
    case 0x0a: {
      const count = left < 5 ? undefined : view.getUint32(at + 1);
      // Each element has at least one byte, so a count beyond the rest is a lie.
      return count === undefined || count > left - 5 ? undefined : within(5, count);
    }
    case 0x0b:
      return within(11);
    case 0x0c:
      return left < 5 ? undefined : within(5 + view.getUint32(at + 1));
    case 0x10: {
      const name = left < 3 ? undefined : 3 + view.getUint16(at + 1);
      return name === undefined ? undefined : within(name, -1);
    }
    default:
      return undefined;
  }
}
