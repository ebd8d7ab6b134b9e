import { isStoredPath, isStoredPrefix } from '../../core/index.ts';
import { OriginError } from '../../errors.ts';

/** Throws an `OriginError` (`storage`) unless it is a path of a store. */
export function expectPath(path: string): void {
  if (!isStoredPath(path)) throw noPath(path);
}

/** Throws an `OriginError` (`storage`) unless paths of a store can begin so. */
export function expectPrefix(prefix: string): void {
  if (!isStoredPrefix(prefix)) throw noPath(prefix);
}

function noPath(path: string): OriginError {
  return new OriginError('storage', `not a path of a store: ${JSON.stringify(path.slice(0, 100))}`);
}

/** Throws an `OriginError` (`storage`) unless a file of `size` bytes has those from `from` to `to`. */
export function expectRange(from: number, to: number, size: number): void {
  if (Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= size)
    return;
  throw new OriginError('storage', `no bytes ${from} to ${to} in a file of ${size}`);
}
