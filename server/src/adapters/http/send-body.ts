import { type ServerResponse } from 'node:http';
import { ORIGIN_LIMITS } from '../../core/index.ts';

/** What is written at a time. */
export const SLICE: number = 64 * 1024;
/** For a socket that took the slice before so soon: each costs a system call and a turn of the event loop. */
const LARGE_SLICE = 256 * 1024;
const SOON_MS = 10;

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
  const { isOver, finish } = watchEnd(response, () => {
    onDone(written);
  });
  let soon = false;
  const writeFrom = (from: number): void => {
    if (isOver()) return;
    const slice = body.subarray(from, from + (soon ? LARGE_SLICE : SLICE));
    const next = from + slice.length;
    const taken = (error: Error | null | undefined): void => {
      if (error !== null && error !== undefined) return;
      written += slice.length;
      soon = performance.now() - begun < SOON_MS;
      if (next < body.length) writeFrom(next);
      else response.end(finish);
    };
    const begun = performance.now();
    response.write(slice, taken);
  };
  if (body.length === 0) response.end(finish);
  else writeFrom(0);
}

/** Cuts a response off whose reader takes nothing for 30 s, and tells once that it is over, however it ends. */
export function watchEnd(
  response: ServerResponse,
  onOver: () => void,
): { readonly isOver: () => boolean; readonly finish: () => void } {
  let over = false;
  const finish = (): void => {
    if (over) return;
    over = true;
    onOver();
  };
  response.on('close', finish);
  response.on('error', finish);
  response.setTimeout(ORIGIN_LIMITS.httpStallMs, () => {
    response.destroy();
  });
  return { isOver: () => over, finish };
}
