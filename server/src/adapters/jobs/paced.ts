import { setTimeout as pause } from 'node:timers/promises';
import { ORIGIN_LIMITS } from '../../core/index.ts';

/** The same bytes, no faster than `ORIGIN_LIMITS.jobBytesPerSecond`, so that what is live finds disk, network and event loop free. */
export async function* paced(
  chunks: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void = () => undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let freeAt = performance.now();
  for await (const chunk of chunks) {
    const wait = freeAt - performance.now();
    if (wait > 0) await pause(wait);
    // What was not used before is not saved up.
    freeAt =
      Math.max(freeAt, performance.now()) + (1000 * chunk.length) / ORIGIN_LIMITS.jobBytesPerSecond;
    onBytes(chunk.length);
    yield chunk;
  }
}
