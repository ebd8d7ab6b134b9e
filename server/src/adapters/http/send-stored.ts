import { type ServerResponse } from 'node:http';
import { constants, Http2ServerResponse } from 'node:http2';
import { SLICE, watchEnd } from './send-body.ts';
import { type StoredBody } from './stored-answer.ts';

/**
 * Writes a body that comes from a store to a response whose head is set: as the socket takes it, and slice by slice, so that what a
 * reader who leaves did not get is not counted. A reader that leaves ends the read; one that takes nothing for 30 s is cut off, and so
 * is the response when the store fails in the middle, which `onFail` is told. Calls `onDone` once with the bytes that the socket took.
 */
export function sendStored(
  response: ServerResponse,
  { first, rest }: StoredBody,
  on: {
    readonly onDone: (writtenBytes: number) => void;
    readonly onFail: (error: unknown) => void;
  },
): void {
  let written = 0;
  const { isOver, finish } = watchEnd(response, () => {
    rest?.return?.().then(undefined, () => undefined);
    on.onDone(written);
  });
  const write = (slice: Uint8Array): Promise<void> =>
    new Promise((resolve) => {
      response.write(slice, (error) => {
        if (error === null || error === undefined) written += slice.length;
        resolve();
      });
    });
  const send = async (): Promise<void> => {
    let chunk: Uint8Array | undefined = first;
    while (chunk !== undefined && !isOver()) {
      for (let at = 0; at < chunk.length && !isOver(); at += SLICE)
        await write(chunk.subarray(at, at + SLICE));
      const next = isOver() ? undefined : await rest?.next();
      chunk = next === undefined || next.done === true ? undefined : next.value;
    }
    if (!isOver()) response.end(finish);
  };
  send().catch((error: unknown) => {
    on.onFail(error);
    breakOff(response);
  });
}

/** Says that this is not all of what was promised, as only a connection or a stream that breaks can. */
function breakOff(response: ServerResponse): void {
  const over: unknown = response;
  // To destroy a stream of HTTP/2 resets it without an error (RFC 9113 section 7), which looks like an end.
  if (over instanceof Http2ServerResponse) over.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}
