import { hashText, mixToUnit } from './keyed-hash.ts';

/** One process of a tracker that has several. */
export type TrackerNode = {
  /** 1–64 characters; by it channels are dealt out, so it must not change over restarts where channels should stay. */
  readonly id: string;
  /** Where viewers and other nodes reach it, `ws://` or `wss://`. */
  readonly url: string;
};

/** The same for all nodes, or they would disagree; nothing but an even spread depends on it. */
const KEY = 0x51ed270b;

/**
 * Which node has a channel: the one of the largest hash of both (rendezvous hashing), so that a node that comes or goes moves only
 * the channels that it gets or had. Undefined when there are no nodes.
 */
export function ownerOf(channel: string, nodes: readonly TrackerNode[]): TrackerNode | undefined {
  const hash = hashText(channel, KEY);
  let owner: TrackerNode | undefined;
  let best = -1;
  for (const node of nodes) {
    const score = mixToUnit(hash, hashText(node.id, KEY));
    // Equal scores are told apart by the id, or nodes could disagree by the order of their lists.
    if (score < best || (score === best && node.id > (owner?.id ?? ''))) continue;
    owner = node;
    best = score;
  }
  return owner;
}
