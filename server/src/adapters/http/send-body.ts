import { type ServerResponse } from 'node:http';
import { ORIGIN_LIMITS } from '../../core/index.ts';

const SLICE = 64 * 1024;

/**
 * Writes `body` to a response whose head is set, slice by slice as the socket takes it, so that what a
 * reader who leaves did not get is not counted. Copies nothing. Calls `onDone` once with the bytes
 * that the socket took. A reader that takes nothing for 30 s is cut off.
 */
export function sendBody(
  response: ServerResponse,
  body: Uint8Array,
  onDone: (writtenBytes: number) => void,
): void {
  let written = 0;
  let done = false;
  const finish = (): void => {
    if (done) return;
    done = true;
    onDone(written);
  };
  response.on('close', finish);
  response.on('error', finish);
  response.setTimeout(ORIGIN_LIMITS.httpStallMs, () => {
    response.destroy();
  });
  const writeFrom = (from: number): void => {
    if (done) return;
    const slice = body.subarray(from, from + SLICE);
    const taken = (error: Error | null | undefined): void => {
      if (error !== null && error !== undefined) return;
      written += slice.length;
      if (from + SLICE < body.length) writeFrom(from + SLICE);
      else response.end(finish);
    };
    response.write(slice, taken);
  };
  if (body.length === 0) response.end(finish);
  else writeFrom(0);
}
