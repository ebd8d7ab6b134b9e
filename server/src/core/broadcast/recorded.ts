/** When something was on; Unix milliseconds, `endAt` undefined while it goes on. */
export type OnAir = { readonly beginAt: number; readonly endAt: number | undefined };

/** The broadcast that a recording is of: that with which it shares the most time; undefined where there is none. */
export function broadcastOfRecording<B extends OnAir>(
  recording: OnAir,
  broadcasts: readonly B[],
): B | undefined {
  let [best, most]: [B | undefined, number] = [undefined, 0];
  for (const broadcast of broadcasts) {
    const begin = Math.max(recording.beginAt, broadcast.beginAt);
    const end = Math.min(recording.endAt ?? Infinity, broadcast.endAt ?? Infinity);
    if (end - begin > most) [best, most] = [broadcast, end - begin];
  }
  return best;
}
