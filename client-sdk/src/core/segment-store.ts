import type { RenditionId, SegmentId } from '@shoal/protocol';
import { segmentKey } from '@shoal/protocol';
import type { Listed } from './catalog.ts';
import type { EngineOptions } from './io.ts';
import { ENGINE } from './limits.ts';
import { SegmentEntry } from './segment-entry.ts';

type SegmentStoreOptions = Pick<EngineOptions, 'sha256' | 'random' | 'memory'>;

/** The segments at hand or under way, oldest dropped first when they grow beyond LIM-12. */
export class SegmentStore {
  readonly #entries = new Map<string, SegmentEntry>();
  readonly #options: SegmentStoreOptions;

  constructor(options: SegmentStoreOptions) {
    this.#options = options;
  }

  get(id: SegmentId): SegmentEntry | undefined {
    return this.#entries.get(segmentKey(id));
  }

  /** The entry of a listed segment, made at the first call; a root that has changed makes it anew. */
  open(listed: Listed, now: number): SegmentEntry {
    const known = this.get(listed.info.id);
    if (known?.info.root === listed.info.root) return known;
    const pullFrom = now + this.#options.random() * ENGINE.pullJitterMs;
    const { sha256, memory } = this.#options;
    const entry = new SegmentEntry(listed, { now, pullFrom, sha256, memory });
    this.#entries.set(entry.key, entry);
    return entry;
  }

  remove(entry: SegmentEntry): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
  }

  /** Newest last. */
  all(): readonly SegmentEntry[] {
    return [...this.#entries.values()];
  }

  /** Drops the oldest entries beyond the limit, never one for which `keep` holds. */
  trim(keep: (entry: SegmentEntry) => boolean): void {
    let bytes = 0;
    for (const entry of this.#entries.values()) bytes += entry.info.size;
    for (const entry of this.#entries.values()) {
      if (bytes <= ENGINE.storeBytes) return;
      if (keep(entry)) continue;
      this.#entries.delete(entry.key);
      bytes -= entry.info.size;
    }
  }

  /** The run of complete segments of a rendition that ends with the newest: `hi < lo` for none. */
  window(rendition: RenditionId): {
    readonly epoch: number;
    readonly lo: number;
    readonly hi: number;
  } {
    const complete = new Map<number, SegmentEntry>();
    let hi = -1;
    for (const entry of this.#entries.values()) {
      if (entry.info.id.rendition !== rendition || !entry.complete) continue;
      complete.set(entry.info.id.msn, entry);
      hi = Math.max(hi, entry.info.id.msn);
    }
    const epoch = complete.get(hi)?.info.id.epoch ?? 0;
    let lo = hi;
    while (complete.has(lo - 1)) lo -= 1;
    return { epoch, lo: Math.max(lo, 0), hi };
  }

  clear(): void {
    this.#entries.clear();
  }
}
