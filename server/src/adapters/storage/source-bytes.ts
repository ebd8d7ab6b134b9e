import { type GivenUp, type StoredBytes } from '../../core/index.ts';
import { OriginError } from '../../errors.ts';

/**
 * The bytes of a source from `from` to `to`, by default all of them. Fails with an `OriginError` (`storage`) where there are more or
 * fewer, where the source fails, or when it is given up.
 */
export async function* sourceBytes(
  path: string,
  source: StoredBytes,
  part: {
    readonly from?: number;
    readonly to?: number;
    readonly signal?: GivenUp | undefined;
  } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { from = 0, to = source.size, signal } = part;
  let at = from;
  expectWanted(path, signal);
  if (from === to) return;
  try {
    for await (const chunk of source.read(from, to)) {
      expectWanted(path, signal);
      at += chunk.length;
      if (at > to) throw new OriginError('storage', `cannot write ${path}: its source is longer`);
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof OriginError) throw cause;
    const why = cause instanceof Error ? cause.message : 'failed';
    throw new OriginError('storage', `cannot write ${path}: its source fails: ${why}`, { cause });
  }
  if (at < to) throw new OriginError('storage', `cannot write ${path}: its source ends early`);
}

/** Throws an `OriginError` (`storage`) when what was begun is wanted no more. */
export function expectWanted(path: string, signal: GivenUp | undefined): void {
  if (signal?.aborted === true) throw new OriginError('storage', `writing ${path} was given up`);
}
