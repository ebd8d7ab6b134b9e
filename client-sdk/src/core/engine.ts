import { assertNever, type RenditionId } from '@shoal/protocol';
import type { Effect, EngineOptions, EngineStats, Input } from './io.ts';
import { onFrame, onLinkClosed } from './neighbour-events.ts';
import { onDemandCancelled, onFetchOutcome } from './origin-events.ts';
import { adoptOrphan, meetDeadline, needDigests, takeDuties, tellFetching } from './origin-plan.ts';
import { announcePieces, askNeighbours, expireRequests, serveUploads } from './peer-plan.ts';
import { onUpload } from './sharing.ts';
import { type PlainSharing, sharesPlain, SwarmState } from './swarm-state.ts';
import {
  connectTracker,
  leaveSwarm,
  onPlaylist,
  onTrackerMessage,
  onTrackerOpen,
} from './tracker-events.ts';
import { giveWay } from './give-way.ts';
import { ENGINE } from './limits.ts';
import type { Standing } from './tracker-session.ts';

/**
 * One viewer's part in the swarm, as a function of its inputs and the time: no timers, no clock, no
 * I/O. The host calls {@link step} for everything that happens, carries out the effects in order, and
 * calls it with a tick no later than {@link deadline}. A browser, a Node peer and a simulator run the
 * same engine.
 */
export class SwarmEngine {
  readonly #state: SwarmState;

  /** With `plain`, segments that playlists list without digests can be shared too. */
  constructor(options: EngineOptions & { readonly plain?: PlainSharing | undefined }) {
    this.#state = new SwarmState(options);
  }

  /** Takes one input at time `now` (ms, never going back) and returns what is to be done. */
  step(input: Input, now: number): readonly Effect[] {
    const state = this.#state;
    state.now = now;
    this.#take(input);
    state.resetWake();
    giveWay(state);
    connectTracker(state);
    expireRequests(state);
    takeDuties(state);
    if (sharesPlain(state)) state.plainRules.plan(state);
    const wanted = state.wanted();
    for (const entry of wanted) {
      adoptOrphan(state, entry);
      meetDeadline(state, entry);
      needDigests(state, entry);
    }
    tellFetching(state);
    askNeighbours(state, wanted);
    serveUploads(state);
    announcePieces(state);
    this.#deliver();
    this.#updateTracker();
    return state.takeEffects();
  }

  /** When the next tick is due at the latest, or undefined if only an input can change anything. */
  deadline(): number | undefined {
    return this.#state.wakeAt;
  }

  /** Whether a demand can be made for this address. */
  knows(url: string): boolean {
    const { catalog, plain } = this.#state;
    return catalog.byUrl(url) !== undefined || plain?.byAddress(url)?.unusable === false;
  }

  /** How many neighbours hold some of what this viewer would need next if it switched to `rendition`. */
  holders(rendition: RenditionId): number {
    const { mesh, playback } = this.#state;
    const from = playback.lead?.next;
    if (from === undefined) return 0;
    const near = { rendition, from: from - 1, to: from + ENGINE.segmentsAhead };
    return mesh.ready().filter((neighbour) => neighbour.shares && neighbour.holdsAny(near)).length;
  }

  /** Counters so far. */
  stats(): EngineStats {
    const { fetches, p2pBytes, uploads, wastedBytes, mesh, tracker, rest } = this.#state;
    return {
      httpBytes: fetches.receivedBytes,
      p2pBytes,
      uploadedBytes: uploads.sentBytes,
      wastedBytes,
      peers: mesh.ready().length,
      viewers: tracker.viewers,
      resting: rest.until !== undefined,
    };
  }

  #take(input: Input): void {
    const state = this.#state;
    if ('fetch' in input && sharesPlain(state) && state.plain.fetch(input.fetch) !== undefined) {
      state.plainRules.onFetch(state, input);
      return;
    }
    switch (input.type) {
      case 'playlist':
        onPlaylist(state, input);
        return;
      case 'plain-playlist':
        if (sharesPlain(state)) state.plainRules.onPlaylist(state, input);
        return;
      case 'playback':
        state.playback.report(input, state.now);
        return;
      case 'demand':
        this.#demand(input.demand, input.url);
        return;
      case 'demand-cancelled':
        if (sharesPlain(state)) state.plainRules.onCancelled(state, input.demand);
        onDemandCancelled(state, input.demand);
        return;
      case 'p2p':
        state.enabled = input.enabled;
        if (!input.enabled) leaveSwarm(state);
        return;
      case 'upload':
        onUpload(state, input);
        return;
      case 'tracker-open':
        onTrackerOpen(state);
        return;
      case 'tracker-closed':
        state.tracker.lost();
        return;
      case 'tracker-message':
        onTrackerMessage(state, input.message);
        return;
      case 'link-signal':
        if (state.tracker.state === 'joined') {
          const { peer: to, session, signal } = input;
          state.emit({ type: 'tracker-send', message: { action: 'signal', to, session, signal } });
        }
        return;
      case 'link-open':
        state.emit(...state.mesh.opened(input.peer, state.shares));
        return;
      case 'link-closed':
        onLinkClosed(state, input.peer);
        return;
      case 'link-frame':
        onFrame(state, input.peer, input.frame);
        return;
      case 'link-drained':
        state.uploads.drained(input.peer);
        return;
      case 'fetch-start':
        state.fetches.start(input.fetch, input.offset, state.now);
        return;
      case 'fetch-data':
        state.received.add(input.bytes.length, state.now);
        onFetchOutcome(state, state.fetches.data(input.fetch, input.bytes, state.now));
        return;
      case 'fetch-end':
        onFetchOutcome(state, state.fetches.end(input.fetch, state.now));
        return;
      case 'fetch-failed':
        onFetchOutcome(
          state,
          state.fetches.failed(input.fetch, { status: input.status, now: state.now }),
        );
        return;
      case 'tick':
        if (input.lateMs !== undefined) state.strain.late(input.lateMs, state.now);
        return;
      default:
        assertNever(input);
    }
  }

  #demand(demand: number, url: string): void {
    const state = this.#state;
    const listed = state.catalog.byUrl(url);
    const plain = listed === undefined ? state.plain?.byAddress(url) : undefined;
    if (plain?.unusable === false) {
      state.rendition = plain.id.rendition;
      state.plain?.demands.set(demand, { segment: plain, since: state.now });
      return;
    }
    const entry = listed === undefined ? undefined : state.open(listed);
    if (entry === undefined || entry.originFaults >= ENGINE.originFaults) {
      state.emit({ type: 'fall-back', demand });
      return;
    }
    state.rendition = entry.info.id.rendition;
    state.demands.set(demand, { entry, since: state.now });
  }

  #deliver(): void {
    const state = this.#state;
    for (const [demand, { entry, since }] of state.demands) {
      if (!entry.complete) continue;
      state.demands.delete(demand);
      const { httpBytes, p2pBytes, info, firstByteAt = state.now, completedAt = state.now } = entry;
      const transferMs = completedAt - firstByteAt;
      state.emit({ type: 'deliver', demand, data: entry.data, transferMs });
      const waitedMs = state.now - since;
      state.emit({
        type: 'report',
        report: { type: 'segment', id: info.id, size: info.size, httpBytes, p2pBytes, waitedMs },
      });
    }
  }

  #updateTracker(): void {
    const state = this.#state;
    const { tracker, now } = state;
    if (tracker.state !== 'joined') return;
    if (now >= tracker.lookAt) {
      const standing = this.#standing();
      if (standing === undefined) return;
      const update = tracker.update(standing, now);
      if (update !== undefined) state.emit({ type: 'tracker-send', message: update });
    }
    state.wake(tracker.lookAt);
  }

  #standing(): Standing | undefined {
    const { store, playback, mesh, strain, now } = this.#state;
    const rendition = playback.lead?.rendition ?? this.#state.rendition;
    if (rendition === undefined) return undefined;
    const window = store.window(rendition);
    const next = playback.lead?.next ?? window.hi + 1;
    const also = playback.tracks.flatMap((track) => {
      const { lo, hi } = store.window(track.rendition);
      return track.rendition !== rendition && hi - lo >= 1 ? [track.rendition] : [];
    });
    const want = mesh.want(now, strain.share(now));
    return { rendition, ...window, next, also, neighbours: mesh.ready().length, want };
  }
}
