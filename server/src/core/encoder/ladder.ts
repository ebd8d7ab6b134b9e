import { err, ok, parseRenditionId, type RenditionId, type Result, unwrap } from '@shoal/protocol';
import { type PictureSize } from '../h264/picture-size.ts';
import { ORIGIN_LIMITS } from '../limits.ts';

/** One transcoded rendition. */
export type Rung = {
  /** Its rendition id: part of its URLs. */
  readonly name: RenditionId;
  /** The shorter side of its picture, pixels; even. */
  readonly lines: number;
  /** Video bits per second, in thousands, on average and at most. */
  readonly kbps: number;
};

/** What the source is called, which is copied: the top rung. */
export const SOURCE: RenditionId = unwrap(parseRenditionId('source'));

/** What the sound is called where it is a rendition of its own. */
export const SOUND: RenditionId = unwrap(parseRenditionId('audio'));

/** The ladder below the source by default: 1080, 720, 480 and 360 lines. */
export const DEFAULT_LADDER: readonly Rung[] = [
  { name: unwrap(parseRenditionId('1080p')), lines: 1080, kbps: 4_500 },
  { name: unwrap(parseRenditionId('720p')), lines: 720, kbps: 2_500 },
  { name: unwrap(parseRenditionId('480p')), lines: 480, kbps: 1_200 },
  { name: unwrap(parseRenditionId('360p')), lines: 360, kbps: 700 },
];

const LINES = { from: 16, to: 4_320 } as const;
const KBPS = { from: 16, to: 100_000 } as const;

/** Why this ladder cannot be used, in words; undefined for one that can. */
export function ladderProblem(ladder: readonly Rung[]): string | undefined {
  if (ladder.length > ORIGIN_LIMITS.rungs) return `more than ${ORIGIN_LIMITS.rungs} rungs`;
  const names = new Set<string>([SOURCE, SOUND]);
  for (const { name, lines, kbps } of ladder) {
    const id = parseRenditionId(name);
    if (!id.ok) return id.error;
    if (names.has(name)) return `the rendition ${name} is there twice`;
    names.add(name);
    if (!Number.isInteger(lines / 2) || lines < LINES.from || lines > LINES.to)
      return `lines of ${name} must be an even number from ${LINES.from} to ${LINES.to}`;
    if (!Number.isInteger(kbps) || kbps < KBPS.from || kbps > KBPS.to)
      return `kbit/s of ${name} must be a whole number from ${KBPS.from} to ${KBPS.to}`;
  }
  return undefined;
}

/** Reads what {@link formatLadder} writes: `NAME:LINES:KBPS`, separated by commas, or `off`. */
export function parseLadder(text: string): Result<readonly Rung[], string> {
  if (text === 'off') return ok([]);
  const ladder: Rung[] = [];
  for (const part of text.split(',')) {
    const [, name = '', lines, kbps] = /^([^:]+):(\d{1,6}):(\d{1,6})$/.exec(part.trim()) ?? [];
    const id = parseRenditionId(name);
    if (!id.ok) return err('not NAME:LINES:KBPS, separated by commas, or off');
    ladder.push({ name: id.value, lines: Number(lines), kbps: Number(kbps) });
  }
  const problem = ladderProblem(ladder);
  return problem === undefined ? ok(ladder) : err(problem);
}

/** `1080p:1080:4500,720p:720:2500`, or `off` for none. */
export function formatLadder(ladder: readonly Rung[]): string {
  if (ladder.length === 0) return 'off';
  return ladder.map(({ name, lines, kbps }) => `${name}:${lines}:${kbps}`).join(',');
}

/**
 * Those of the ladder that a source of this size has lines for, largest first. `beside`: one with as many lines is of use too, since
 * not everybody can play the source.
 */
export function rungsFor(
  ladder: readonly Rung[],
  source: PictureSize,
  beside = false,
): readonly Rung[] {
  const lines = Math.min(source.width, source.height);
  const fits = (rung: Rung): boolean => rung.lines < lines || (beside && rung.lines === lines);
  return ladder.filter(fits).sort((a, b) => b.lines - a.lines);
}

/** Thousands of bits per second of 1920×1080, and how they go down with the number of pixels: as in the default ladder. */
const FULL_HD = { kbps: 4_500, pixels: 1920 * 1080 } as const;
const PIXELS_POWER = 0.75;

/** Video bits per second, in thousands, of a source that is encoded anew in its own size. */
export function sourceKbps({ width, height }: PictureSize): number {
  const share = ((width * height) / FULL_HD.pixels) ** PIXELS_POWER;
  return Math.max(KBPS.from, Math.min(KBPS.to, Math.round(FULL_HD.kbps * share)));
}

/** The picture of a rung: in the source's proportions, both sides even, and never larger than the source. */
export function rungSize(rung: Rung, source: PictureSize): PictureSize {
  const scale = Math.min(1, rung.lines / Math.min(source.width, source.height));
  const even = (side: number): number => Math.max(2, 2 * Math.round((side * scale) / 2));
  return { width: even(source.width), height: even(source.height) };
}
