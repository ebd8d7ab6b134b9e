/** Why a tracker did not start. Codes are never reused. */
export type TrackerStartErrorCode =
  /** Another process listens on the port: choose another, or stop that one. */
  | 'port-in-use'
  /** The host or port may not or cannot be listened on. */
  | 'cannot-listen'
  /** The Redis that the nodes share is not there at the start. */
  | 'redis-unreachable'
  /** An option has a value that makes no sense; the message names it. */
  | 'bad-option';

/** Thrown by `startTracker` only. */
export class TrackerStartError extends Error {
  override readonly name = 'TrackerStartError';
  readonly code: TrackerStartErrorCode;

  constructor(code: TrackerStartErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
