import type { Swarm, SwarmPeer } from '../shared-ui/tracker-api.ts';

/** The swarm card, ready to be drawn. Lengths are those of a square of `SIZE`. */
export type SwarmView = {
  readonly dots: readonly {
    readonly x: number;
    readonly y: number;
    readonly radius: number;
    /** Takes a stripe of the newest segment from the server; shares; only receives. */
    readonly kind: 'owner' | 'sharing' | 'receiving';
    readonly title: string;
  }[];
  readonly lines: readonly {
    readonly from: readonly [number, number];
    readonly to: readonly [number, number];
    readonly active: boolean;
  }[];
  /** Viewers by the window of segments they need next, the furthest ahead first; `share` of the largest. */
  readonly windows: readonly {
    readonly label: string;
    readonly viewers: number;
    readonly share: number;
  }[];
  /** Who fetches the newest segments, in words. */
  readonly duties: readonly { readonly label: string; readonly text: string }[];
  /** The picture in words. */
  readonly summary: string;
};

/** Side of the square that dots and lines are in. */
export const SIZE = 400;
const RING = 0.44;
const WINDOWS_SHOWN = 6;
const DUTIES_SHOWN = 3;

/**
 * Places the viewers on a ring, those that need the same segments beside each other, so that links across the ring join
 * viewers who are apart in time. A dot is the larger the more others get from it.
 */
export function swarmView(swarm: Swarm): SwarmView {
  const peers = [...swarm.peers].sort(inOrderOfTime);
  const owners = new Set(
    swarm.duties[0]?.stripes.filter(({ rank }) => rank === 0).map(({ peer }) => peer),
  );
  const room = Math.min(12, (Math.PI * SIZE * RING) / Math.max(1, peers.length));
  const dots = peers.map((peer, i) => {
    const angle = (2 * Math.PI * i) / peers.length - Math.PI / 2;
    return {
      x: SIZE * (0.5 + RING * Math.cos(angle)),
      y: SIZE * (0.5 + RING * Math.sin(angle)),
      radius: room * (0.4 + 0.6 * Math.min(1, peer.uploadRatio / 2)),
      kind: owners.has(peer.peer)
        ? ('owner' as const)
        : peer.shares
          ? ('sharing' as const)
          : ('receiving' as const),
      title: describe(peer),
    };
  });
  const places = new Map(peers.map(({ peer }, i) => [peer, dots[i]]));
  const lines = swarm.links.flatMap(({ a, b, active }) => {
    const [from, to] = [places.get(a), places.get(b)];
    return from === undefined || to === undefined
      ? []
      : [{ from: [from.x, from.y] as const, to: [to.x, to.y] as const, active }];
  });
  return {
    dots,
    lines,
    windows: windowsOf(swarm),
    duties: swarm.duties.slice(0, DUTIES_SHOWN).map(({ msn, stripes }) => ({
      label: `Segment ${msn}`,
      text: dutyText(stripes),
    })),
    summary: summaryOf(swarm, lines.filter(({ active }) => active).length),
  };
}

function inOrderOfTime(a: SwarmPeer, b: SwarmPeer): number {
  return (
    (a.rendition ?? '').localeCompare(b.rendition ?? '') ||
    (a.next ?? 0) - (b.next ?? 0) ||
    a.peer.localeCompare(b.peer)
  );
}

function describe({ rendition, next, neighbours, uploadRatio, holder }: SwarmPeer): string {
  const place = next === undefined ? 'has just come' : `${rendition ?? ''}, needs segment ${next}`;
  const gives = `gives ${uploadRatio.toFixed(1)} × the bit rate`;
  return `${place}; ${neighbours} neighbours; ${gives}${holder ? '' : '; takes no stripes yet'}`;
}

function windowsOf({ windows }: Swarm): SwarmView['windows'] {
  const most = Math.max(1, ...windows.map(({ viewers }) => viewers));
  return [...windows]
    .sort((a, b) => b.from - a.from || a.rendition.localeCompare(b.rendition))
    .slice(0, WINDOWS_SHOWN)
    .map(({ rendition, from, viewers }) => ({
      label: `${rendition} ${from}–${from + 3}`,
      viewers,
      share: viewers / most,
    }));
}

function dutyText(stripes: Swarm['duties'][number]['stripes']): string {
  const owned = stripes.filter(({ rank }) => rank === 0);
  const of = owned[0]?.of ?? 0;
  const owners = new Set(owned.map(({ peer }) => peer)).size;
  if (of === 0) return 'nobody holds enough yet: all fetch it from the server';
  return `${plural(of, 'stripe')}, fetched by ${plural(owners, 'viewer')}`;
}

function summaryOf({ viewers, peers, links, p2p }: Swarm, active: number): string {
  if (!p2p) return 'P2P is switched off: everybody watches over HTTP.';
  if (viewers === 0) return 'Nobody is in the swarm.';
  const shown = peers.length < viewers ? ` (${peers.length} of them shown)` : '';
  return `${plural(viewers, 'viewer')}${shown}, ${plural(links.length, 'introduction')}, ${active} of them in use.`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
