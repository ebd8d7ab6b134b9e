import { joined } from './boxes.ts';
import { type CutPart, type CutSegment } from './cut.ts';

/** A part, and what its segment needs of it: samples of the leading track, and how long the first of them lasts. */
export type WrittenPart = CutPart & { readonly samples: number; readonly firstMs: number };

/** The segment that parts are together; undefined of none. */
export function segmentOf(parts: readonly WrittenPart[]): CutSegment | undefined {
  const [first] = parts;
  if (first === undefined) return undefined;
  const { startMs, firstMs, independent } = first;
  const durationMs = parts.reduce((sum, part) => sum + part.durationMs, 0);
  const samples = parts.reduce((sum, part) => sum + part.samples, 0);
  const sampleRate = ((samples - 1) * 1000) / Math.max(1, durationMs - firstMs);
  const media = first.media.map((_, i) => joined(parts.flatMap((part) => part.media[i] ?? [])));
  return { media, startMs, durationMs, sampleRate, independent };
}
