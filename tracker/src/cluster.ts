import type { ChannelId, OriginEvent } from '@shoal/protocol';
import type { TrackerNode } from './core/index.ts';

/** What an operator did at one node, for the others. */
export type SwitchCommand =
  | { readonly type: 'p2p'; readonly channel: ChannelId; readonly enabled: boolean }
  | { readonly type: 'revoke'; readonly channel: ChannelId; readonly viewer: string };

/** What a node hears of the others. */
export type ClusterListener = {
  /** Who is there; also when this node is none of them any more. */
  readonly onNodes: (nodes: readonly TrackerNode[]) => void;
  readonly onCommand: (command: SwitchCommand) => void;
  /** Of an origin, wherever it runs. */
  readonly onEvent: (event: OriginEvent) => void;
};

/** How the nodes of one tracker know of each other. Viewers play on while it fails: it only keeps still then. */
export type Cluster = {
  /** The id of this node. */
  readonly self: string;
  /** Known to all nodes and nobody else: for what they tell each other of clients. */
  readonly secret: Buffer;
  /** Begins to tell, first of what holds already: nodes, channels that are off, revocations. */
  readonly listen: (listener: ClusterListener) => Promise<void>;
  /** Tells the other nodes and keeps it for later ones; rejects when it cannot now. */
  readonly tell: (command: SwitchCommand) => Promise<void>;
  /** Why this node should get no more viewers; undefined when all is well. */
  readonly problem: () => string | undefined;
  /** Gives this node's channels to the others. */
  readonly leave: () => Promise<void>;
  readonly close: () => Promise<void>;
};
