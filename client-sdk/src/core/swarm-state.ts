import type {
  ChannelId,
  PeerId,
  PeerMessage,
  RenditionId,
  SegmentId,
  Sha256,
} from '@shoal/protocol';
import { Catalog } from './catalog.ts';
import { Duties } from './duties.ts';
import { Fetches } from './fetches.ts';
import type { Effect, EngineOptions, Input, PlainPlaylistInput } from './io.ts';
import { ENGINE } from './limits.ts';
import { Mesh } from './mesh.ts';
import type { Neighbour } from './neighbour.ts';
import type { PlainSegments } from './plain-segments.ts';
import { Playback } from './playback.ts';
import type { SegmentEntry } from './segment-entry.ts';
import { ReceiveRate } from './receive-rate.ts';
import { Rest } from './rest.ts';
import { SegmentStore } from './segment-store.ts';
import { Strain } from './strain.ts';
import { TrackerSession } from './tracker-session.ts';
import { Uploads } from './uploads.ts';

/** A request of the player that has not been answered. */
type Demand = { readonly entry: SegmentEntry; readonly since: number };

/** What one viewer knows and has under way; the engine's handlers change it and emit effects. */
export class SwarmState {
  /** Whether the viewer's rules allow uploading at all. */
  mayShare: boolean;
  /** Whether it uploads: not once its cap or its budget leaves nothing (SWM-41). */
  shares: boolean;
  readonly random: () => number;
  readonly sha256: Sha256;
  readonly catalog: Catalog = new Catalog();
  /** What playlists without digests list; undefined where that is not shared. */
  readonly plain: PlainSegments | undefined;
  readonly plainRules: PlainRules | undefined;
  readonly playback: Playback = new Playback();
  readonly duties: Duties = new Duties();
  readonly fetches: Fetches = new Fetches();
  readonly received: ReceiveRate = new ReceiveRate();
  readonly store: SegmentStore;
  readonly mesh: Mesh = new Mesh();
  readonly uploads: Uploads;
  readonly tracker: TrackerSession;
  readonly demands: Map<number, Demand> = new Map();
  /** Which neighbour was asked for the digest list of a segment, and until when it may answer. */
  readonly digestAsks: Map<string, { readonly peer: string; readonly until: number }> = new Map();

  channel: ChannelId | undefined;
  /** Of the segment the player asked for last: where it stands before its first report. */
  rendition: RenditionId | undefined;
  /** Whether P2P is wanted. */
  enabled = true;
  readonly strain: Strain = new Strain();
  readonly rest: Rest;
  /** Whether something has played, or long been tried to; and until when that is waited for (SWM-15). */
  begun = false;
  beginBy: number | undefined;
  /** When P2P was (re)started. */
  p2pSince = 0;
  /** When verified pieces are announced next (PEER-4). */
  announceAt: number | undefined;
  p2pBytes = 0;
  wastedBytes = 0;
  now = 0;

  #effects: Effect[] = [];
  #wakeAt: number | undefined;

  constructor(options: EngineOptions & { readonly plain?: PlainSharing | undefined }) {
    this.plain = options.plain?.segments();
    this.plainRules = options.plain?.rules;
    this.random = options.random;
    this.sha256 = options.sha256;
    this.store = new SegmentStore(options);
    this.rest = new Rest(options.random);
    this.uploads = new Uploads({ limit: options.uploadLimit, budget: options.uploadBudget });
    this.mayShare = options.shares;
    this.shares = options.shares && !this.uploads.exhausted;
    this.tracker = new TrackerSession({
      shares: this.shares,
      ...(options.key !== undefined && { key: options.key }),
    });
  }

  /** Whether this viewer takes part in the swarm. */
  get p2p(): boolean {
    return this.enabled && this.rest.until === undefined;
  }

  /** Whether there is a channel to join, and playback has begun or takes long to (SWM-15). */
  mayBegin(): boolean {
    if (this.channel === undefined) return false;
    if (this.begun || this.playback.running) return true;
    this.beginBy ??= this.now + ENGINE.startMs;
    // Often enough to see how late timers are (SWM-17).
    this.wake(Math.min(this.beginBy, this.now + ENGINE.strainLookMs));
    return this.now >= this.beginBy;
  }

  emit(...effects: readonly Effect[]): void {
    this.#effects.push(...effects);
  }

  takeEffects(): readonly Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Asks to be run again at `at`; the earliest wish since {@link resetWake} counts. */
  wake(at: number | undefined): void {
    if (at !== undefined && (this.#wakeAt === undefined || at < this.#wakeAt)) this.#wakeAt = at;
  }

  resetWake(): void {
    this.#wakeAt = undefined;
  }

  get wakeAt(): number | undefined {
    return this.#wakeAt;
  }

  /** When a segment must be complete, if even the longest delay of late is not to be one too many (SWM-18). */
  deadlineOf(entry: SegmentEntry): number {
    const { id, durationMs } = entry.info;
    const length = (n: number): number =>
      this.catalog.byMsn(id.rendition, n)?.info.durationMs ?? durationMs;
    return this.playback.deadline(id, length, this.now) - this.strain.marginMs(this.now);
  }

  /** Incomplete segments to work on, most urgent first: those demanded, and the next few of each track with P2P on. */
  wanted(): readonly SegmentEntry[] {
    const wanted = new Set<SegmentEntry>();
    for (const { entry } of this.demands.values()) wanted.add(entry);
    // While nothing plays, what the player asked for comes first, and alone (SWM-4).
    if (this.p2p && (this.playback.running || this.demands.size === 0))
      for (const { rendition, next } of this.playback.tracks)
        for (let msn = next; msn <= next + ENGINE.segmentsAhead; msn++) {
          const listed = this.catalog.byMsn(rendition, msn);
          if (listed !== undefined) wanted.add(this.open(listed));
        }
    return [...wanted]
      .filter((entry) => !entry.complete && entry.originFaults < ENGINE.originFaults)
      .map((entry) => ({ entry, due: this.deadlineOf(entry) }))
      .sort((a, b) => a.due - b.due || a.entry.info.id.msn - b.entry.info.id.msn)
      .map(({ entry }) => entry);
  }

  /** Bytes of a segment have come in and were verified. */
  arrived(entry: SegmentEntry): void {
    if (entry.complete) entry.completedAt ??= this.now;
  }

  /** Another channel begins: no segment of the one before is known any longer, and its demands are the player's. */
  forgetSegments(): void {
    for (const demand of [...this.demands.keys(), ...(this.plain?.demands.keys() ?? [])])
      this.emit({ type: 'fall-back', demand });
    for (const { id } of this.plain?.fetches ?? []) this.emit({ type: 'fetch-abort', fetch: id });
    this.emit(...this.fetches.abort(() => true, this.now));
    this.demands.clear();
    this.digestAsks.clear();
    this.store.clear();
    this.catalog.clear();
    this.plain?.clear();
    this.playback.clear();
    this.rendition = undefined;
  }

  /** The entry of a listed segment; makes room for it if it is new. */
  open(listed: Parameters<SegmentStore['open']>[0]): SegmentEntry {
    const known = this.store.get(listed.info.id);
    if (known?.info.root === listed.info.root) return known;
    const entry = this.store.open(listed, this.now);
    const demanded = new Set([...this.demands.values()].map((demand) => demand.entry));
    this.store.trim(
      (old) =>
        old === entry ||
        demanded.has(old) ||
        this.playback.isAhead(old.info.id, ENGINE.segmentsAhead),
    );
    return entry;
  }
}

/** A viewer's state where playlists without digests are shared too. */
export type PlainState = SwarmState & {
  readonly plain: PlainSegments;
  readonly plainRules: PlainRules;
};

/** What the engine calls for segments without digests. */
export type PlainRules = {
  readonly plan: (state: PlainState) => void;
  readonly onPlaylist: (state: PlainState, input: PlainPlaylistInput) => void;
  readonly onFetch: (state: PlainState, input: Extract<Input, { readonly fetch: number }>) => void;
  readonly onCancelled: (state: PlainState, demand: number) => void;
  readonly onClaim: (
    state: PlainState,
    neighbour: Neighbour,
    claim: Extract<PeerMessage, { type: 'claim' }>,
  ) => void;
  readonly onReject: (state: PlainState, neighbour: Neighbour, id: SegmentId) => void;
  readonly disown: (state: PlainState, entry: SegmentEntry, accused?: PeerId) => void;
};

/** The sharing of segments without digests, apart: most sites do not load it. */
export type PlainSharing = {
  readonly segments: () => PlainSegments;
  readonly rules: PlainRules;
};

export function sharesPlain(state: SwarmState): state is PlainState {
  return state.plain !== undefined;
}
