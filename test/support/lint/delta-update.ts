import { numberOf, readAttributes } from './attributes.ts';
import { readMediaPlaylist } from './media-playlist.ts';
import { secondOpinionsOfDelta } from './second-opinions.ts';

/** Tags of the playlist as a whole, which a delta update has too. */
const HEAD =
  /^#(EXTM3U|EXT-X-(VERSION|TARGETDURATION|MEDIA-SEQUENCE|DISCONTINUITY-SEQUENCE|INDEPENDENT-SEGMENTS|SERVER-CONTROL|PART-INF|START|PLAYLIST-TYPE|DEFINE|SHOAL)\b(?!-))/;

/**
 * What is wrong with a delta update of this very version of a playlist (draft-pantos-hls-rfc8216bis, sections 4.4.5.2 and
 * 6.2.5.1): put together with what it skips it must read the same. The server may send the whole playlist instead.
 */
export function deltaProblems(whole: string, delta: string): readonly string[] {
  const problems: string[] = [];
  const report = (problem: string): void => void problems.push(`delta update: ${problem}`);
  const lines = delta.split('\n');
  const at = lines.findIndex((line) => line.startsWith('#EXT-X-SKIP:'));
  const skip = lines[at];
  if (skip === undefined) {
    if (delta !== whole) report('skips nothing, and is another playlist');
    return problems;
  }
  const skipped = numberOf(readAttributes(skip.slice(12), report), 'SKIPPED-SEGMENTS', report) ?? 0;
  const version = Number(/^#EXT-X-VERSION:(\d+)$/m.exec(delta)?.[1]);
  if (!(version >= 9)) report('EXT-X-SKIP needs version 9');
  const full = readMediaPlaylist(whole, () => undefined);
  const until = full.lowLatency?.canSkipUntil ?? 0;
  const open = full.lowLatency?.parts.find(
    ({ msn }) => msn === full.mediaSequence + full.segments.length,
  );
  let left = open?.parts.reduce((sum, { duration }) => sum + duration, 0) ?? 0;
  for (const { duration } of full.segments.slice(skipped)) left += duration;
  if (skipped < 1) report('skips no segments');
  if (skipped > full.segments.length) report(`skips ${skipped} of ${full.segments.length}`);
  // What is skipped must be older than the boundary, as a whole.
  if (left < until) report(`skips what is only ${left.toFixed(3)} s from the end`);
  const joined = [...lines.slice(0, at), ...firstSegments(whole, skipped), ...lines.slice(at + 1)];
  const rebuilt = readMediaPlaylist(joined.join('\n'), report);
  secondOpinionsOfDelta(delta, { whole: full, skipped }, report);
  if (JSON.stringify(rebuilt) !== JSON.stringify(full)) report('does not make the same playlist');
  return problems;
}

/** The lines of the first segments. */
function firstSegments(whole: string, count: number): readonly string[] {
  const taken: string[] = [];
  let segments = 0;
  for (const line of whole.split('\n')) {
    if (segments === count) break;
    if (HEAD.test(line)) continue;
    taken.push(line);
    if (line !== '' && !line.startsWith('#')) segments += 1;
  }
  return taken;
}
