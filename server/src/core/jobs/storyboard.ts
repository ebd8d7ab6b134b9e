import { ORIGIN_LIMITS } from '../limits.ts';
import { type VodMedia, type VodSegment } from './vod-media.ts';

/** Pixels. */
export type SpriteSize = { readonly width: number; readonly height: number };

/** Which pictures a storyboard shows, and when. */
export type StoryboardPlan = {
  /** The segments whose first key frames are the pictures. */
  readonly pictures: readonly VodSegment[];
  /** From the beginning to the end, one after the other. `picture` counts from 0. */
  readonly cues: readonly {
    readonly beginMs: number;
    readonly endMs: number;
    readonly picture: number;
  }[];
};

/** Sprites in a row of a sheet, and rows of one. */
const COLUMNS = 10;
const ROWS = 10;
/** The longer side of a sprite. */
const SPRITE_SIDE = 160;
/** How far pictures may be apart, seconds. */
const INTERVALS = [2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200];

/** A sheet of sprites: how many of them, and how they lie. */
export type Sheet = { readonly count: number; readonly columns: number; readonly rows: number };

/**
 * Chooses the pictures of a storyboard: one every 2 s, or so much less often that there are no more of them than may be. Where a segment
 * is missing the next one in the same interval stands for it, or else the one before. Undefined where there is no picture at all.
 */
export function planStoryboard({ segments, durationMs }: VodMedia): StoryboardPlan | undefined {
  const most = ORIGIN_LIMITS.storyboardPictures;
  const fits = (seconds: number): boolean => Math.ceil(durationMs / (seconds * 1000)) <= most;
  const intervalMs = (INTERVALS.find(fits) ?? Math.ceil(durationMs / 1000 / most)) * 1000;
  const usable = segments.filter(({ stored, picture }) => stored && picture !== undefined);
  const [first] = usable;
  if (first === undefined) return undefined;
  const pictures: VodSegment[] = [first];
  const cues: StoryboardPlan['cues'][number][] = [];
  let next = 0;
  // What is left at the end is the last one's, if it is less than half of one.
  const count = Math.max(1, Math.round(durationMs / intervalMs));
  for (let i = 0; i < count; i++) {
    const beginMs = i * intervalMs;
    const endMs = i === count - 1 ? durationMs : beginMs + intervalMs;
    const isOver = (segment: VodSegment | undefined): boolean =>
      segment !== undefined && segment.beginMs + segment.durationMs <= beginMs;
    while (isOver(usable[next])) next += 1;
    const segment = usable[next];
    if (segment !== undefined && segment.beginMs < endMs && segment !== pictures.at(-1))
      pictures.push(segment);
    cues.push({ beginMs, endMs, picture: pictures.length - 1 });
  }
  return { pictures, cues };
}

/** The size of sprites for pictures of this size: its shape, the longer side 160, both sides even. */
export function spriteSize({ width, height }: SpriteSize): SpriteSize {
  const scale = SPRITE_SIDE / Math.max(width, height);
  const even = (side: number): number => Math.max(2, 2 * Math.round((side * scale) / 2));
  return { width: even(width), height: even(height) };
}

/** The sheets for so many sprites. */
export function sheetsFor(pictures: number): readonly Sheet[] {
  const sheets: Sheet[] = [];
  for (let left = pictures; left > 0; left -= COLUMNS * ROWS) {
    const count = Math.min(left, COLUMNS * ROWS);
    const columns = Math.min(count, COLUMNS);
    sheets.push({ count, columns, rows: Math.ceil(count / columns) });
  }
  return sheets;
}

/** The index of a storyboard: WebVTT whose cues name a rectangle of a sheet each (Media Fragments URI, section 4.2.2). */
export function renderStoryboard(
  { cues }: StoryboardPlan,
  size: SpriteSize,
  fileOf: (sheet: number) => string,
): string {
  const { width, height } = size;
  const blocks = cues.map(({ beginMs, endMs, picture }) => {
    const at = picture % (COLUMNS * ROWS);
    const x = (at % COLUMNS) * width;
    const y = Math.floor(at / COLUMNS) * height;
    const file = fileOf(Math.floor(picture / (COLUMNS * ROWS)) + 1);
    return `${vttTime(beginMs)} --> ${vttTime(endMs)}\n${file}#xywh=${x},${y},${width},${height}\n`;
  });
  return ['WEBVTT\n', ...blocks].join('\n');
}

/** hh:mm:ss.ttt (WebVTT, section 4.1). */
function vttTime(ms: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const seconds = `${two((ms / 1000) % 60)}.${String(Math.floor(ms % 1000)).padStart(3, '0')}`;
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${seconds}`;
}
