import { type SegmentStore } from '../../core/index.ts';
import { createDiskStore, type DiskOptions } from './disk-store.ts';
import { createMemorySegmentStore } from './memory-segment-store.ts';
import { type S3Options } from './s3-request.ts';

/** Which segment store, and where. */
export type StoreOptions =
  | { readonly type: 'memory'; readonly maxBytes: number }
  | ({ readonly type: 'disk' } & DiskOptions)
  | ({ readonly type: 's3' } & S3Options);

/** A segment store; with `readOnly` one that another process writes. Rejects with an `OriginError`: `bad-options`, or `storage` when a folder cannot be used. */
export async function openStore(
  options: StoreOptions & { readonly readOnly?: boolean },
): Promise<SegmentStore> {
  switch (options.type) {
    case 'memory':
      return createMemorySegmentStore(options);
    case 'disk':
      return await createDiskStore(options);
    case 's3': {
      // Who keeps nothing in a bucket need not load what signs requests.
      const { createS3Store } = await import('./s3-store.ts');
      return createS3Store(options);
    }
  }
}
