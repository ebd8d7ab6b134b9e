import {
  type PeerId,
  type RenditionId,
  segmentFile,
  type SegmentId,
  type SegmentInfo,
} from '@shoal/protocol';
import { ENGINE } from './limits.ts';

/** A segment that can be fetched: what it is, and where. */
export type Listed = {
  readonly info: SegmentInfo;
  readonly url: string;
  /** Where in the resource at `url` it lies, if it is only a part of it. */
  readonly within?: ByteSpan | undefined;
  /** Set where no playlist vouches for `info`: who claimed it, or undefined where it was computed from the origin's bytes. */
  readonly plain?: { readonly claimedBy: PeerId | undefined };
};

/** Bytes `[from, to)` of a resource. */
export type ByteSpan = { readonly from: number; readonly to: number };

/** One string for a segment of the origin, by which the player asks for it. */
export function segmentAddress(url: string, within: ByteSpan | undefined): string {
  return within === undefined ? url : `${url}#bytes=${within.from}-${within.to}`;
}

/** All segments that playlists and the tracker have made known, oldest forgotten first. */
export class Catalog {
  readonly #byUrl = new Map<string, Listed>();
  readonly #byMsn = new Map<RenditionId, Map<number, Listed>>();
  /** A URL of the rendition's newest playlist, from which the URLs of announced segments follow. */
  readonly #sample = new Map<RenditionId, string>();

  /** Adds a listed segment; false if it was known already. */
  list(info: SegmentInfo, url: string): boolean {
    this.#sample.set(info.id.rendition, url);
    const known = this.find(info.id);
    if (known === undefined) return this.#add({ info, url });
    // The origin's word counts, not that of who announced the segment before.
    const changed = known.info.root !== info.root || known.info.size !== info.size;
    const listed = changed ? { info, url } : known;
    if (changed) this.#byMsn.get(info.id.rendition)?.set(info.id.msn, listed);
    // The playlist's URL may differ from the one guessed at the announcement.
    this.#byUrl.set(url, listed);
    this.#trim();
    return changed;
  }

  /** Adds a segment announced without a URL; false if it was known, or no playlist of its rendition was seen yet. */
  announce(info: SegmentInfo): boolean {
    const sample = this.#sample.get(info.id.rendition);
    return sample !== undefined && this.#add({ info, url: siblingUrl(sample, info.id) });
  }

  /** Adds a segment of whose playlist nothing but its place is known, or what it turned out to be. */
  replace(listed: Listed): void {
    this.#number(listed);
    this.#byUrl.set(segmentAddress(listed.url, listed.within), listed);
    this.#trim();
  }

  /** Forgets the segment with exactly this identity. */
  remove(id: SegmentId): void {
    const listed = this.find(id);
    if (listed === undefined) return;
    this.#byMsn.get(id.rendition)?.delete(id.msn);
    const address = segmentAddress(listed.url, listed.within);
    if (this.#byUrl.get(address) === listed) this.#byUrl.delete(address);
  }

  byUrl(url: string): Listed | undefined {
    return this.#byUrl.get(url);
  }

  byMsn(rendition: RenditionId, msn: number): Listed | undefined {
    return this.#byMsn.get(rendition)?.get(msn);
  }

  /** The segment with exactly this identity. */
  find(id: SegmentId): Listed | undefined {
    const listed = this.byMsn(id.rendition, id.msn);
    return listed?.info.id.epoch === id.epoch ? listed : undefined;
  }

  clear(): void {
    this.#byUrl.clear();
    this.#byMsn.clear();
    this.#sample.clear();
  }

  #add(listed: Listed): boolean {
    const { rendition, epoch, msn } = listed.info.id;
    const known = this.byMsn(rendition, msn);
    // A later epoch replaces an earlier one; what is known is never rewritten by an announcement.
    if (known !== undefined && known.info.id.epoch >= epoch) return false;
    this.#number(listed);
    this.#byUrl.set(listed.url, listed);
    this.#trim();
    return true;
  }

  #number(listed: Listed): void {
    const { rendition, msn } = listed.info.id;
    let segments: Map<number, Listed> | undefined = this.#byMsn.get(rendition);
    if (segments === undefined) {
      segments = new Map();
      this.#byMsn.set(rendition, segments);
    }
    segments.set(msn, listed);
  }

  #trim(): void {
    for (const [url, listed] of this.#byUrl) {
      if (this.#byUrl.size <= ENGINE.catalogSegments) return;
      const { rendition, msn } = listed.info.id;
      const segments = this.#byMsn.get(rendition);
      this.#byUrl.delete(url);
      if (segments?.get(msn) === listed) segments.delete(msn);
    }
  }
}

/** The URL of another segment of the same rendition: the same folder and query (SEG-3). */
export function siblingUrl(url: string, id: Omit<SegmentId, 'rendition'>): string {
  const [, folder = '', query = ''] = /^([^?#]*\/)[^/?#]*([?#].*)?$/.exec(url) ?? [];
  return `${folder}${segmentFile(id)}${query}`;
}
