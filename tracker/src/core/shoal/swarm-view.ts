import type { ChannelId, PeerId, RenditionId } from '@shoal/protocol';
import type { TrackerLimits } from '../limits.ts';
import type { Channel, DutyView } from './channel.ts';
import { isSettling } from './link.ts';
import { isHolder, type Link, type Member } from './member.ts';

/** The swarm of a channel as the tracker knows it: for operators, since it names peers. */
export type SwarmView = {
  readonly channel: ChannelId;
  /** False while the P2P of the channel is switched off. */
  readonly p2p: boolean;
  /** All viewers of the Shoal dialect; `peers` holds the first of them. */
  readonly viewers: number;
  readonly peers: readonly PeerView[];
  readonly links: readonly LinkView[];
  /** Viewers by the window of segments they need next. */
  readonly windows: readonly {
    readonly rendition: RenditionId;
    /** Media sequence number of its first segment. */
    readonly from: number;
    readonly viewers: number;
  }[];
  /** Of the last segments, the newest first. */
  readonly duties: readonly DutyView[];
};

/** One viewer, as it said itself and as others report. */
export type PeerView = {
  readonly peer: PeerId;
  readonly shares: boolean;
  /** May own stripes (TRK-8). */
  readonly holder: boolean;
  readonly neighbours: number;
  /** Bytes a second that others get from it, over the bitrate that it watches (TRK-9). */
  readonly uploadRatio: number;
  /** Since it was heard of. */
  readonly silentMs: number;
  /** Absent until its first update. */
  readonly position?: {
    readonly rendition: RenditionId;
    readonly lo: number;
    readonly hi: number;
    readonly next: number;
  };
};

export type LinkView = {
  readonly a: PeerId;
  readonly b: PeerId;
  /** Introduced just now; bytes passed of late; neither. */
  readonly state: 'settling' | 'active' | 'idle';
};

/** What one look may cost, and a page can draw. */
const MAX_PEERS = 500;
/** A link over which bytes were reported within this time is active; reports come every 10 s. */
const ACTIVE_MS = 25_000;

/** Takes a picture of a channel. */
export function viewSwarm<Conn>(
  channel: Channel<Conn>,
  at: { readonly now: number; readonly p2p: boolean; readonly limits: TrackerLimits },
): SwarmView {
  const shown = channel.members.items.slice(0, MAX_PEERS);
  const isShown = new Set(shown);
  const links = new Set<Link<Conn>>();
  for (const member of shown)
    for (const link of member.links.values())
      if (link.state === 'open' && isShown.has(link.a) && isShown.has(link.b)) links.add(link);
  return {
    channel: channel.id,
    p2p: at.p2p,
    viewers: channel.members.size,
    peers: shown.map((member) => peerView(member, channel, at.now)),
    links: [...links].map((link) => ({
      a: link.a.id,
      b: link.b.id,
      state: linkState(link, at),
    })),
    windows: [...channel.groups].flatMap(([rendition, { windows }]) =>
      [...windows].map(([window, { size }]) => ({
        rendition,
        from: window * at.limits.segmentsPerWindow,
        viewers: size,
      })),
    ),
    duties: channel.duties,
  };
}

function peerView<Conn>(member: Member<Conn>, channel: Channel<Conn>, now: number): PeerView {
  const { id, shares, neighbours, position, seenAt } = member;
  return {
    ...{ peer: id, shares, holder: isHolder(member), neighbours },
    uploadRatio: Math.round(channel.uploadRatio(member, now) * 100) / 100,
    silentMs: Math.max(0, now - seenAt),
    ...(position && {
      position: {
        ...{ rendition: position.rendition, lo: position.lo },
        ...{ hi: position.hi, next: position.next },
      },
    }),
  };
}

function linkState<Conn>(
  link: Link<Conn>,
  { now, limits }: { readonly now: number; readonly limits: TrackerLimits },
): LinkView['state'] {
  if (isSettling(link, limits, now)) return 'settling';
  return link.aliveAt > link.madeAt && now - link.aliveAt < ACTIVE_MS ? 'active' : 'idle';
}
