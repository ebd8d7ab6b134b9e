import type { ChannelId, Duty, PeerId, RenditionId, SegmentId, SegmentInfo } from '@shoal/protocol';
import { IndexedArray } from '../indexed-array.ts';
import type { TrackerLimits } from '../limits.ts';
import { isHolder, type Member, type Position } from './member.ts';

/** The viewers of one rendition: all, by segment window, and those that may own stripes, viewers that play it as separate audio among them. */
export type Group<Conn> = {
  readonly members: IndexedArray<Member<Conn>>;
  readonly windows: Map<number, IndexedArray<Member<Conn>>>;
  readonly holders: IndexedArray<Member<Conn>>;
  /** Bits per second, as its last segment had. */
  bitrate: number;
  /** Media sequence number of the last segment that the origin announced, once it announced one. */
  newest: number | undefined;
};

/** Who had which stripe of a segment, and who backed it up. */
export type DutyView = {
  readonly segment: SegmentId;
  /** Unix ms. */
  readonly at: number;
  readonly stripes: readonly ({ readonly peer: PeerId } & Duty)[];
};

/** Bits per second assumed of a rendition of which no segment was seen yet. */
const UNKNOWN_BITRATE = 3_000_000;

/** Who watches one channel, and where in it. Every change takes constant time (TRK-12). */
export class Channel<Conn> {
  readonly id: ChannelId;
  readonly members: IndexedArray<Member<Conn>> = new IndexedArray();
  /** All its viewers are being closed. */
  dismissed = false;
  /** Introductions made since the channel was first joined. */
  introductions = 0;
  /** Segments announced to its viewers. */
  segments = 0;
  /** Of the last segments, the newest first, for those who look at the swarm. */
  readonly duties: DutyView[] = [];
  readonly #groups = new Map<RenditionId, Group<Conn>>();
  readonly #addresses = new Map<string, number>();
  readonly #limits: TrackerLimits;

  constructor(id: ChannelId, limits: TrackerLimits) {
    this.id = id;
    this.#limits = limits;
  }

  add(member: Member<Conn>): void {
    this.members.add(member);
    this.#addresses.set(member.address, this.viewersAt(member.address) + 1);
  }

  remove(member: Member<Conn>): void {
    if (!this.members.delete(member)) return;
    if (member.position !== undefined) this.#disown(member, member.position.also);
    this.#leaveGroup(member);
    const others = this.viewersAt(member.address) - 1;
    if (others > 0) this.#addresses.set(member.address, others);
    else this.#addresses.delete(member.address);
  }

  /** How many viewers share an address, as those behind one NAT do. */
  viewersAt(address: string): number {
    return this.#addresses.get(address) ?? 0;
  }

  /** Moves a viewer to the buckets of its new position; call it also when `shares` changed. */
  move(member: Member<Conn>, to: Position): void {
    const from = member.position;
    if (from !== undefined) this.#disown(member, from.also);
    if (from?.rendition !== to.rendition) this.#leaveGroup(member);
    const group = this.#group(to.rendition);
    group.members.add(member);
    const window = this.window(to.next);
    if (from?.rendition === to.rendition && this.window(from.next) !== window)
      leaveWindow(group, this.window(from.next), member);
    member.position = to;
    const bucket = group.windows.get(window);
    if (bucket !== undefined) bucket.add(member);
    else {
      const opened = new IndexedArray<Member<Conn>>();
      opened.add(member);
      group.windows.set(window, opened);
    }
    if (isHolder(member)) group.holders.add(member);
    else group.holders.delete(member);
    if (member.shares)
      for (const rendition of to.also)
        if (rendition !== to.rendition) this.#group(rendition).holders.add(member);
  }

  /** The bucket of a viewer that needs segment `next`. */
  window(next: number): number {
    return Math.floor(next / this.#limits.segmentsPerWindow);
  }

  group(rendition: RenditionId): Group<Conn> | undefined {
    return this.#groups.get(rendition);
  }

  get groups(): ReadonlyMap<RenditionId, Group<Conn>> {
    return this.#groups;
  }

  /** Learns of a rendition that somebody watches, from its newest segment, where its edge is and its bitrate. */
  learn(segment: SegmentInfo): void {
    const group = this.#groups.get(segment.id.rendition);
    if (group === undefined) return;
    group.newest = segment.id.msn;
    if (segment.durationMs > 0) group.bitrate = (segment.size * 8000) / segment.durationMs;
  }

  /** What others get from a viewer, as a multiple of the bitrate it watches (TRK-9). */
  uploadRatio(member: Member<Conn>, now: number): number {
    if (member.uploaded === undefined) return 0;
    const rendition = member.position?.rendition;
    return (member.uploaded.ratePerSecond(now) * 8) / this.bitrate(rendition);
  }

  /** Bits per second. */
  bitrate(rendition: RenditionId | undefined): number {
    return (rendition && this.#groups.get(rendition)?.bitrate) ?? UNKNOWN_BITRATE;
  }

  #group(rendition: RenditionId): Group<Conn> {
    const known = this.#groups.get(rendition);
    if (known !== undefined) return known;
    const group = {
      members: new IndexedArray<Member<Conn>>(),
      windows: new Map<number, IndexedArray<Member<Conn>>>(),
      holders: new IndexedArray<Member<Conn>>(),
      bitrate: UNKNOWN_BITRATE,
      newest: undefined,
    };
    this.#groups.set(rendition, group);
    return group;
  }

  #leaveGroup(member: Member<Conn>): void {
    const at = member.position;
    const group = at && this.#groups.get(at.rendition);
    if (at === undefined || group === undefined) return;
    leaveWindow(group, this.window(at.next), member);
    group.holders.delete(member);
    group.members.delete(member);
    this.#drop(group, at.rendition);
  }

  /** Takes a viewer off those that may own stripes of renditions that it played beside its own. */
  #disown(member: Member<Conn>, renditions: readonly RenditionId[]): void {
    for (const rendition of renditions) {
      const group = this.#groups.get(rendition);
      if (group === undefined || rendition === member.position?.rendition) continue;
      group.holders.delete(member);
      this.#drop(group, rendition);
    }
  }

  #drop(group: Group<Conn>, rendition: RenditionId): void {
    if (group.members.size + group.holders.size === 0) this.#groups.delete(rendition);
  }
}

function leaveWindow<Conn>(group: Group<Conn>, window: number, member: Member<Conn>): void {
  const bucket = group.windows.get(window);
  bucket?.delete(member);
  if (bucket?.size === 0) group.windows.delete(window);
}
