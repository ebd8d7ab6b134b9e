import type { Neighbour } from './neighbour.ts';
import type { SegmentEntry } from './segment-entry.ts';

/** Weight of chance against rarity: neighbours that see the same rarities must not all pick the same piece. */
const NOISE = 2;

/**
 * Picks the next piece to ask of an idle neighbour (SWM-4): from the segment that is due first,
 * among the pieces it holds and nobody was asked for, the one fewest others hold, with a random part.
 * `entries` in order of urgency; undefined if the neighbour has nothing to give.
 */
export function chooseRequest(
  neighbour: Neighbour,
  context: {
    /** With each segment, until when a piece of it must be here for HTTP to be spared. */
    readonly entries: readonly { readonly entry: SegmentEntry; readonly lastCall: number }[];
    readonly neighbours: readonly Neighbour[];
    readonly random: () => number;
    readonly now: number;
  },
): { readonly entry: SegmentEntry; readonly index: number } | undefined {
  for (const { entry, lastCall } of context.entries) {
    if (entry.digests === undefined || entry.count('missing') === 0) continue;
    if (entry.pullFrom > context.now) continue;
    // What would come too late would come twice.
    if (context.now + neighbour.responseMs > lastCall) continue;
    const mine = neighbour.holds(entry.key);
    if (mine === undefined || mine.count === 0) continue;
    const maps = context.neighbours.flatMap((other) => other.holds(entry.key) ?? []);
    let best = -1;
    let bestScore = Infinity;
    for (let index = 0; index < entry.pieces; index++) {
      if (entry.state(index) !== 'missing' || !mine.has(index)) continue;
      let score = context.random() * NOISE;
      for (const map of maps) if (map.has(index)) score += 1;
      if (score < bestScore) {
        best = index;
        bestScore = score;
      }
    }
    if (best >= 0) return { entry, index: best };
  }
  return undefined;
}
