import { err, ok, type Result } from '@shoal/protocol';
import { ORIGIN_LIMITS } from '../limits.ts';

/** Kinds of frame on the pipe between the origin and its ingest process; braces show JSON bodies. */
export const FRAME_KIND = {
  /** Origin → ingest: where to listen, `{host, port}`. */
  listen: 1,
  /** Ingest → origin: `{port}`, or `{code, message}` when it failed. */
  listening: 2,
  listenFailed: 3,
  /** Ingest → origin: somebody asks to publish, `{ip, app, name, query, protocol}`. */
  ask: 4,
  /** Origin → ingest: the answer, and what may follow it; refuse and drop carry `{reason}`. */
  accept: 5,
  refuse: 6,
  pause: 7,
  resume: 8,
  drop: 9,
  /** Ingest → origin: one FLV tag. */
  tag: 10,
  /** Ingest → origin: the connection is gone, `{reason}`. */
  closed: 11,
} as const;

/** One frame: length of the body (4 bytes), kind (1), session (4), body; big-endian. */
export type PipeFrame = {
  readonly kind: number;
  readonly session: number;
  /** Of a frame that was read: a view of what was read, where possible. */
  readonly body: Uint8Array;
};

const HEADER = 9;

/** The bytes that stand before the body of a frame. */
export function frameHeader({ kind, session, body }: PipeFrame): Uint8Array {
  const header = new Uint8Array(HEADER);
  const view = new DataView(header.buffer);
  view.setUint32(0, body.length);
  view.setUint8(4, kind);
  view.setUint32(5, session);
  return header;
}

/** Cuts a byte stream into frames. Copies only frames that are spread over several chunks. */
export class FrameReader {
  #parts: Uint8Array[] = [];
  #held = 0;
  #need = HEADER;

  /** Takes a chunk; an error means that the stream is broken for good. */
  push(chunk: Uint8Array): Result<readonly PipeFrame[], string> {
    const frames: PipeFrame[] = [];
    this.#parts.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#need) return ok(frames);
    const bytes = this.#joined();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    this.#need = HEADER;
    while (bytes.length - at >= HEADER) {
      const length = view.getUint32(at);
      if (length > ORIGIN_LIMITS.pipeFrameBytes) return err(`frame of ${length} bytes`);
      const end = at + HEADER + length;
      if (end > bytes.length) {
        this.#need = HEADER + length;
        break;
      }
      const body = bytes.subarray(at + HEADER, end);
      frames.push({ kind: view.getUint8(at + 4), session: view.getUint32(at + 5), body });
      at = end;
    }
    this.#parts = at === bytes.length ? [] : [bytes.subarray(at)];
    this.#held = bytes.length - at;
    return ok(frames);
  }

  #joined(): Uint8Array {
    const [only] = this.#parts;
    if (only !== undefined && this.#parts.length === 1) return only;
    const whole = new Uint8Array(this.#held);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}
