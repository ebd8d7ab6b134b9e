import { type LiveObject, type ObjectStore } from '../../core/index.ts';

/**
 * Keeps live objects in memory. Its size is bounded by what channels evict
 * (`ORIGIN_LIMITS.channelBytes` each), as enough for live viewing.
 */
export function createMemoryStore(): ObjectStore {
  const objects = new Map<string, LiveObject>();
  return {
    put: (path, object) => {
      objects.set(path, object);
    },
    get: (path) => objects.get(path),
    delete: (path) => {
      objects.delete(path);
    },
  };
}
