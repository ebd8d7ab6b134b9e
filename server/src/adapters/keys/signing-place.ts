import { type Channel, type Recording, type SigningPlace } from '../../core/index.ts';

/** Where a channel is, as far as its signing keys need to know; before it is there, at its beginning. */
export function signingPlace(
  channel: Pick<Channel, 'numbers'> | undefined,
  recording: Pick<Recording, 'oldestMsn'> | undefined,
): SigningPlace {
  const { nextMsn = 0, oldestMsn } = channel?.numbers ?? {};
  const listed = [oldestMsn, recording?.oldestMsn].filter((number) => number !== undefined);
  return {
    nextMsn,
    oldestMsn: listed.length === 0 ? undefined : Math.min(...listed),
    now: Date.now(),
  };
}
