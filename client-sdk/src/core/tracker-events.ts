import { BYE, type ChannelId, type ListedSwarm, type TrackerMessage } from '@shoal/protocol';
import type { PlaylistInput } from './io.ts';
import { ENGINE } from './limits.ts';
import { drop } from './neighbour-events.ts';
import type { SegmentEntry } from './segment-entry.ts';
import type { SwarmState } from './swarm-state.ts';

/** Goes to the tracker once there is a channel to join, and playback has begun or takes long to (SWM-15). */
export function connectTracker(state: SwarmState): void {
  if (!state.p2p || state.tracker.state !== 'off' || !state.mayBegin()) return;
  state.begun = true;
  state.tracker.state = 'connecting';
  state.p2pSince = state.now;
  state.emit({ type: 'tracker-connect' });
}

/** Leaves tracker and neighbours; what is held stays. */
export function leaveSwarm(state: SwarmState): void {
  leaveNeighbours(state);
  if (state.tracker.state === 'off') return;
  if (state.tracker.state !== 'connecting')
    state.emit({ type: 'tracker-send', message: { action: 'leave' } });
  state.tracker.state = 'off';
  state.emit({ type: 'tracker-disconnect' });
}

function leaveNeighbours(state: SwarmState): void {
  for (const neighbour of state.mesh.all()) drop(state, neighbour, BYE.leaving);
  state.duties.clear();
}

export function onTrackerOpen(state: SwarmState): void {
  if (state.channel === undefined || state.tracker.state === 'off') return;
  state.emit({ type: 'tracker-send', message: state.tracker.join(state.channel) });
}

/** Acts on a message of the tracker. */
export function onTrackerMessage(state: SwarmState, message: TrackerMessage): void {
  if (state.tracker.state === 'off') return;
  switch (message.action) {
    case 'welcome':
      state.tracker.welcomed(message, state.now);
      return;
    case 'introduce':
      state.emit(...state.mesh.introduce({ ...message, now: state.now }));
      return;
    case 'signal':
      if (state.mesh.get(message.from)?.session === message.session)
        state.emit({ type: 'link-signal', peer: message.from, signal: message.signal });
      return;
    case 'segment': {
      state.tracker.viewers = message.viewers;
      state.tracker.announcedAt = state.now;
      state.catalog.announce(message.segment);
      const entry = knownEntry(state, message.segment.id);
      if (entry !== undefined) state.duties.assign(entry, message.duties, timing(state, entry));
      return;
    }
    case 'gone': {
      // A link that works outlives its peer's tracker socket; one still being made does not.
      const neighbour = state.mesh.get(message.peer);
      if (neighbour?.state === 'connecting') state.emit({ type: 'disconnect', peer: message.peer });
      return;
    }
    case 'error': {
      const { code, message: text } = message;
      // Nor may it share without a tracker (TRK-24, TRK-25).
      if (code === 'p2p-off' || code === 'revoked') leaveNeighbours(state);
      state.emit({ type: 'report', report: { type: 'tracker-refused', code, message: text } });
      return;
    }
    case 'renew':
    case 'moved':
      // The host's: the engine knows neither tokens nor sockets.
      return;
  }
}

/** Goes over to the channel of a playlist, unless this is it and it does not begin anew. */
export function enterChannel(
  state: SwarmState,
  channel: ChannelId,
  { anew }: { readonly anew: boolean },
): void {
  if (state.channel === channel && !anew) return;
  leaveSwarm(state);
  if (state.channel !== undefined) state.forgetSegments();
  state.channel = channel;
}

/** Learns of segments from a playlist; without a tracker that announces them, elects itself (SWM-3). */
export function onPlaylist(state: SwarmState, { swarm, urls }: PlaylistInput): void {
  enterChannel(state, swarm.channel, { anew: false });
  let newest: ListedSwarm['segments'][number] | undefined;
  swarm.segments.forEach((segment, i) => {
    const url = urls[i];
    if (url !== undefined && state.catalog.list(segment.info, url)) newest = segment;
  });
  if (newest === undefined || swarm.ended || !state.p2p) return;
  if (!isTrackerSilent(state, newest.info.durationMs) || state.mesh.ready().length === 0) return;
  const entry = knownEntry(state, newest.info.id);
  const viewers = state.tracker.viewers ?? state.mesh.ready().length + 1;
  if (entry !== undefined)
    state.duties.elect(entry, viewers, { ...timing(state, entry), random: state.random });
}

function isTrackerSilent({ tracker, now }: SwarmState, durationMs: number): boolean {
  const heard = tracker.announcedAt ?? (tracker.state === 'joined' ? tracker.joinedAt : undefined);
  return heard === undefined || now - heard > ENGINE.silentTrackerSegments * durationMs;
}

/** The entry of a segment near the playhead, in a track that is played, of which this viewer may take a stripe for all. */
function knownEntry(
  state: SwarmState,
  id: Parameters<SwarmState['catalog']['find']>[0],
): SegmentEntry | undefined {
  // What one that does not share got from the origin would be of use to nobody else.
  if (!state.p2p || !state.shares) return undefined;
  if (!state.playback.isAhead(id, ENGINE.dutySegmentsAhead)) return undefined;
  const listed = state.catalog.find(id);
  return listed && state.open(listed);
}

function timing(
  state: SwarmState,
  entry: SegmentEntry,
): { readonly now: number; readonly slackMs: number } {
  return { now: state.now, slackMs: state.deadlineOf(entry) - state.now };
}
