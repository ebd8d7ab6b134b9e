import type { ShoalWarning, SigningWarningCode } from './events.ts';

/** What {@link createShoal} rejects with. */
export class ShoalError extends Error {
  /** `invalid-option`: the embedder's options make no sense. Codes are never reused. */
  readonly code: 'invalid-option';

  private constructor(code: 'invalid-option', message: string) {
    super(message);
    this.name = 'ShoalError';
    this.code = code;
  }

  static invalidOption(message: string): ShoalError {
    return new ShoalError('invalid-option', message);
  }
}

type Code = Exclude<ShoalWarning['code'], SigningWarningCode>;

const MESSAGES = {
  'webrtc-unsupported':
    'This browser has no RTCPeerConnection or WebSocket; playing plain HLS. Nothing to be done.',
  'tracker-unreachable':
    'The tracker cannot be reached; segments come over HTTP and from neighbours already connected. Trying again.',
  'tracker-refused': 'The tracker refused this viewer',
  'engine-load-failed':
    'p2p-media-loader-hlsjs could not be loaded; playing plain HLS. Is it installed?',
  'engine-failed': 'The P2P engine failed, which is a bug in Shoal; playing plain HLS.',
  'corrupt-peer': 'A viewer sent data that failed verification; it was dropped.',
  'corrupt-origin': 'The origin sent a segment that is not what the playlist promised',
} as const satisfies Record<Code, string>;

/** A warning with the text of its code, and `detail` after it where there is one. */
export function shoalWarning(
  code: Code,
  more: { readonly detail?: string; readonly cause?: unknown } = {},
): ShoalWarning {
  const message = more.detail === undefined ? MESSAGES[code] : `${MESSAGES[code]}: ${more.detail}`;
  return 'cause' in more ? { code, message, cause: more.cause } : { code, message };
}
