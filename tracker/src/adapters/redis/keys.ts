/** Names in Redis. Everything of a tracker begins with `shoal:tracker:`. */
export const KEYS = {
  /** Text; made by the first node. */
  secret: 'shoal:tracker:secret',
  /** Set of node ids, some of which may be gone. */
  nodes: 'shoal:tracker:nodes',
  /** Text, the node's URL; expires when the node no longer says that it is there. */
  node: (id: string): string => `shoal:tracker:node:${id}`,
  /** Set of channels whose P2P is off. */
  off: 'shoal:tracker:off',
  /** Empty text; expires when the last token of the viewer has. */
  revoked: (channel: string, viewer: string): string =>
    `shoal:tracker:revoked:${channel}:${viewer}`,
  /** All of those. */
  anyRevoked: 'shoal:tracker:revoked:*',
} as const;

/** Channels of publish and subscribe. */
export const TOPICS = {
  /** {@link SwitchCommand} as JSON. */
  commands: 'shoal:tracker:commands',
} as const;
