import { type Writable } from 'node:stream';
import { frameHeader, type PipeFrame } from '../../core/index.ts';

const EMPTY = new Uint8Array(0);

/** Writes a frame without copying its body; false when the pipe is full. */
export function writeFrame(pipe: Writable, frame: PipeFrame): boolean {
  const header = frameHeader(frame);
  if (frame.body.length === 0) return pipe.write(header);
  pipe.cork();
  pipe.write(header);
  const more = pipe.write(frame.body);
  pipe.uncork();
  return more;
}

/** Writes a frame with a JSON body. */
export function writeJson(
  pipe: Writable,
  head: { readonly kind: number; readonly session: number },
  value?: Readonly<Record<string, string | number>>,
): boolean {
  const body = value === undefined ? EMPTY : Buffer.from(JSON.stringify(value));
  return writeFrame(pipe, { ...head, body });
}

/** The fields of a JSON body; empty for anything else. */
export function readJson(body: Uint8Array): ReadonlyMap<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString());
    return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  } catch {
    return new Map();
  }
}

/** A text field of a JSON body, or ''. */
export function textField(fields: ReadonlyMap<string, unknown>, name: string): string {
  const value = fields.get(name);
  return typeof value === 'string' ? value : '';
}
