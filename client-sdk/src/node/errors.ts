/** Codes of {@link NodePeerError}; never reused. */
export type NodePeerErrorCode = 'invalid-option' | 'dependency-missing';

/**
 * What {@link createNodePeer} rejects with: `invalid-option` for options that make no sense,
 * `dependency-missing` where `node-datachannel` or `ws` cannot be loaded.
 */
export class NodePeerError extends Error {
  readonly code: NodePeerErrorCode;

  private constructor(code: NodePeerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NodePeerError';
    this.code = code;
  }

  static invalidOption(message: string): NodePeerError {
    return new NodePeerError('invalid-option', message);
  }

  static dependencyMissing(cause: unknown): NodePeerError {
    return new NodePeerError(
      'dependency-missing',
      'A Node peer needs two packages that could not be loaded: npm install node-datachannel ws',
      { cause },
    );
  }
}
