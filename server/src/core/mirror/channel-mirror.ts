import { type OriginEvent, parseLivePath } from '@shoal/protocol';
import { ORIGIN_LIMITS } from '../limits.ts';
import { type LiveObject } from '../ports.ts';

/** One thing to be written, after all before it. */
export type MirrorWrite =
  | { readonly type: 'media'; readonly path: string; readonly bytes: Uint8Array }
  | { readonly type: 'drop-media'; readonly path: string }
  /** `list` undefined takes it away. */
  | {
      readonly type: 'list';
      readonly path: string;
      readonly list: LiveObject | undefined;
      readonly seq: number;
    }
  | { readonly type: 'about'; readonly text: string; readonly seq: number }
  | { readonly type: 'event'; readonly event: OriginEvent };

/** Bounds of what waits to be written. Default of each: the one of `ORIGIN_LIMITS`. */
export type MirrorLimits = {
  readonly mirrorBatchBytes: number;
  readonly mirrorWaiting: number;
  readonly mirrorInheritedMs: number;
};

type Waiting = 'put' | { readonly event: OriginEvent };

const ABOUT = 'about';
const NOTHING = new Uint8Array(0);

/**
 * What of a channel is to be written elsewhere, and in which order: nothing is listed there before it is there, nor taken away while it
 * is listed, also when all of it is written anew. Only the newest version of a playlist is. What waits are names, not bytes: while nobody
 * writes, nothing grows, and then all that there is is written.
 */
export class ChannelMirror {
  readonly #limits: MirrorLimits;
  readonly #media = new Map<string, LiveObject>();
  readonly #lists = new Map<string, LiveObject>();
  readonly #waiting = new Map<string, Waiting>();
  /** Media to be taken away after all that waits: a playlist that does not name it any more may be among that. */
  readonly #drops = new Set<string>();
  /** What an earlier process has left, and until when it stays: viewers may still read it. */
  #inherited: { readonly paths: ReadonlySet<string>; readonly until: number } | undefined;
  #about: string | undefined;
  #synced = false;
  #seq = 0;
  #events = 0;

  constructor(limits: Partial<MirrorLimits> = {}) {
    this.#limits = { ...ORIGIN_LIMITS, ...limits };
  }

  /** The number of the last change that was taken to be written. */
  get seq(): number {
    return this.#seq;
  }

  /** Whether it is known what is there; else nothing is written before {@link begin}. */
  get synced(): boolean {
    return this.#synced;
  }

  /** How much waits to be written. */
  get waiting(): number {
    return this.#waiting.size + this.#drops.size;
  }

  /** Whether there is media at all. */
  get hasMedia(): boolean {
    return this.#media.size > 0;
  }

  put(path: string, object: LiveObject): void {
    (isList(path) ? this.#lists : this.#media).set(path, object);
    this.#wait(path, 'put');
  }

  delete(path: string): void {
    const known = isList(path) ? this.#lists.delete(path) : this.#media.delete(path);
    if (known) this.#drop(path);
  }

  /** Says how the channel is; the same again changes nothing. */
  about(text: string): void {
    if (text === this.#about) return;
    this.#about = text;
    this.#wait(ABOUT, 'put');
  }

  /** Told once, when what was stored before it is there; not at all while nothing can be written. */
  event(event: OriginEvent): void {
    this.#events += 1;
    this.#wait(`event ${this.#events}`, { event });
  }

  /** It is not known any more what is there. */
  lose(): void {
    this.#synced = false;
    this.#waiting.clear();
    this.#drops.clear();
  }

  /** Has all that there is written, but media among `found`, which is there. What of it is not ours is taken away after a while. */
  begin(found: ReadonlySet<string>, now: number): void {
    this.lose();
    this.#synced = true;
    for (const path of this.#media.keys()) if (!found.has(path)) this.#wait(path, 'put');
    for (const path of this.#lists.keys()) this.#wait(path, 'put');
    if (this.#about !== undefined) this.#wait(ABOUT, 'put');
    const paths = new Set([...found].filter((path) => !this.#has(path)));
    const until = now + this.#limits.mirrorInheritedMs;
    this.#inherited = paths.size > 0 ? { paths, until } : undefined;
  }

  /** Has taken away what an earlier process left, when that was long enough ago. */
  tick(now: number): void {
    if (!this.#synced || this.#inherited === undefined || now < this.#inherited.until) return;
    for (const path of this.#inherited.paths) if (!this.#has(path)) this.#drop(path);
    this.#inherited = undefined;
  }

  /** What to write next, all or nothing; empty when there is nothing. */
  take(): readonly MirrorWrite[] {
    const writes: MirrorWrite[] = [];
    let bytes = 0;
    for (const [key, what] of this.#waiting) {
      const write = this.#write(key, what);
      const size = write.type === 'media' ? write.bytes.length : 0;
      if (writes.length > 0 && bytes + size > this.#limits.mirrorBatchBytes) break;
      if ('seq' in write) this.#seq += 1;
      this.#waiting.delete(key);
      writes.push(write);
      bytes += size;
    }
    if (this.#waiting.size > 0) return writes;
    for (const path of this.#drops) writes.push({ type: 'drop-media', path });
    this.#drops.clear();
    return writes;
  }

  #write(key: string, what: Waiting): MirrorWrite {
    if (typeof what === 'object') return { type: 'event', event: what.event };
    const seq = this.#seq + 1;
    if (key === ABOUT) return { type: 'about', text: this.#about ?? '', seq };
    if (isList(key)) return { type: 'list', path: key, list: this.#lists.get(key), seq };
    return { type: 'media', path: key, bytes: this.#media.get(key)?.bytes ?? NOTHING };
  }

  #drop(path: string): void {
    if (isList(path)) this.#wait(path, 'put');
    else if (this.#synced) {
      this.#waiting.delete(path);
      this.#drops.add(path);
      this.#bound();
    }
  }

  /** At the end: it may name what was put before it. */
  #wait(key: string, what: Waiting): void {
    if (!this.#synced) return;
    this.#drops.delete(key);
    this.#waiting.delete(key);
    this.#waiting.set(key, what);
    this.#bound();
  }

  #bound(): void {
    if (this.waiting > this.#limits.mirrorWaiting) this.lose();
  }

  #has(path: string): boolean {
    return this.#media.has(path) || this.#lists.has(path);
  }
}

/** Playlists are replaced under their paths, nothing else is. */
function isList(path: string): boolean {
  const live = parseLivePath(path);
  return live.ok && (live.value.type === 'playlist' || live.value.type === 'multivariant');
}
