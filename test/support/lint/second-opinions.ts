import { type Report } from './findings.ts';
import { askHlsParser } from './hls-parser.ts';
import { askM3u8Parser } from './m3u8-parser.ts';
import { type LintedPlaylist } from './media-playlist.ts';
import { flatten, ownReading, type Reading } from './reading.ts';

/** Each with the fields that it knows nothing of. */
const PARSERS = [
  ['hls-parser', askHlsParser, undefined],
  ['m3u8-parser', askM3u8Parser, /\.gap$/],
] as const;

/** Has two parsers of others read a media playlist; reports what they object to, and where they read something else than we. */
export function secondOpinions(text: string, playlist: LintedPlaylist, report: Report): void {
  compareWithParsers(text, ownReading(playlist), report);
}

/** Reports where they read something else of a delta update than that it skips so many segments, and what it has of a whole playlist. */
export function secondOpinionsOfDelta(
  delta: string,
  { whole, skipped }: { readonly whole: LintedPlaylist; readonly skipped: number },
  report: Report,
): void {
  const left = whole.segments.slice(skipped);
  const own = flatten({
    skipped,
    count: left.length,
    mediaSequence: whole.mediaSequence,
    segments: left.map(({ uri, duration }) => ({ uri, duration })),
  });
  for (const [name, ask] of PARSERS) {
    const { reading, complaints } = ask(delta);
    for (const complaint of complaints) report(`${name} says: ${complaint}`);
    for (const [field, value] of own)
      if (reading.get(field) !== value)
        report(`${name} reads ${field} as ${String(reading.get(field))}, we as ${String(value)}`);
  }
}

/** The same for any playlist, of which `own` is our reading. */
export function compareWithParsers(text: string, own: Reading, report: Report): void {
  for (const [name, ask, unknown] of PARSERS) {
    const { reading, complaints } = ask(text);
    for (const complaint of complaints) report(`${name} says: ${complaint}`);
    for (const field of new Set([...own.keys(), ...reading.keys()]))
      if (own.get(field) !== reading.get(field) && unknown?.test(field) !== true)
        report(
          `${name} reads ${field} as ${String(reading.get(field))}, we as ${String(own.get(field))}`,
        );
  }
}
