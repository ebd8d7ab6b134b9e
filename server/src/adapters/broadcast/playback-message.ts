import { BROADCAST_LIMITS, type PlaybackReport } from '../../core/index.ts';

/**
 * Reads what a viewer says of its playback: `{"type":"playback","stalls":N,"errors":N}`, both counted since it said so last. Undefined for another
 * message.
 */
export function readPlayback(message: unknown): PlaybackReport | 'invalid' | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  if (!('type' in message) || message.type !== 'playback') return undefined;
  const { stalls = 0, errors = 0 } = message as {
    readonly stalls?: unknown;
    readonly errors?: unknown;
  }; // read as unknown
  return isCount(stalls) && isCount(errors) ? { stalls, errors } : 'invalid';
}

function isCount(value: unknown): value is number {
  if (typeof value !== 'number' || !Number.isInteger(value)) return false;
  return value >= 0 && value <= BROADCAST_LIMITS.playbackCount;
}
