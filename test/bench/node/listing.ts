/** A segment of a live media playlist. Times in ms. */
export type ListedSegment = {
  readonly msn: number;
  readonly url: string;
  readonly duration: number;
  /** Unix time of its first frame; undefined where the playlist does not say. */
  readonly date: number | undefined;
  /** Where it lies in the stream, by one count for as long as the playlist is followed. */
  readonly start: number;
};

/** Reads the bench's own playlist; `before` is what it listed last, and goes on from there. */
export function readListing(
  text: string,
  base: string,
  before: readonly ListedSegment[],
): readonly ListedSegment[] {
  const segments: ListedSegment[] = [];
  let msn = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1] ?? 0);
  let duration = 0;
  let date: number | undefined;
  let start = before.find((known) => known.msn === msn)?.start ?? 0;
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#EXTINF:')) duration = parseFloat(line.slice(8)) * 1000;
    else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) date = Date.parse(line.slice(25));
    else if (line !== '' && !line.startsWith('#')) {
      segments.push({ msn, url: new URL(line, base).href, duration, date, start });
      msn += 1;
      start += duration;
      date = date === undefined ? undefined : date + duration;
    }
  }
  return segments;
}
