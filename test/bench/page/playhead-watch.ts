import type { Stall } from './reading.ts';

/** Looked at this often, in ms. */
const LOOK_MS = 100;
/** A playhead that stands still for so long has stalled. Ms. */
const STALL_MS = 400;

/** Notes where the playhead of `video` stands still after it has begun to move; returns what was noted so far. */
export function watchPlayhead(video: HTMLVideoElement): () => readonly Stall[] {
  const stalls: Stall[] = [];
  let position = 0;
  let begun = false;
  let movedAt = Date.now();
  const standing = (): Stall | undefined => {
    const ms = Date.now() - movedAt;
    return begun && !video.paused && ms >= STALL_MS ? { at: movedAt, ms } : undefined;
  };
  setInterval(() => {
    const moved = video.currentTime !== position;
    position = video.currentTime;
    if (!moved && !video.paused) return;
    const over = standing();
    if (moved && over !== undefined) stalls.push(over);
    begun ||= moved && video.readyState >= video.HAVE_FUTURE_DATA;
    movedAt = Date.now();
  }, LOOK_MS);
  return () => {
    const lasting = standing();
    return lasting === undefined ? stalls : [...stalls, lasting];
  };
}
