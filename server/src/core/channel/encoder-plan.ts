import { fragmentMsFor } from '../encoder/ffmpeg-args.ts';
import { type Rung } from '../encoder/ladder.ts';
import { type Cutter } from '../fmp4/cut.ts';
import { LadderMuxer } from '../fmp4/ladder-muxer.ts';
import { PartSegmenter } from '../fmp4/part-segmenter.ts';
import { Segmenter } from '../fmp4/segmenter.ts';
import { type PictureSize } from '../h264/picture-size.ts';
import { type EncodeWhat } from './messages.ts';

/** What an encoder is asked for, and what cuts its output. */
export type EncoderPlan = { readonly what: EncodeWhat; readonly cutter: Cutter };

/**
 * Plans an encoder for a broadcast with these rungs. Where there is no picture nothing is transcoded, and all renditions are
 * the same sound: viewers know them from the playlist.
 */
export function planEncoder(wanted: {
  readonly rungs: readonly Rung[];
  readonly source: PictureSize | undefined;
  readonly segmentMs: number;
  readonly limitMs: () => number;
  readonly partMs: number | undefined;
}): EncoderPlan {
  const { rungs, source, segmentMs, limitMs, partMs } = wanted;
  const fragmentMs = fragmentMsFor(segmentMs);
  const renditions = 1 + rungs.length;
  if (partMs !== undefined && renditions === 1)
    return {
      what: { fragmentMs, rungs: [], parts: { partMs, targetMs: segmentMs } },
      cutter: new PartSegmenter({ targetMs: segmentMs, limitMs }),
    };
  if (renditions === 1)
    return {
      what: { fragmentMs, rungs: [] },
      cutter: new Segmenter({ targetMs: segmentMs, fragmentMs, limitMs }),
    };
  const times = { targetMs: segmentMs, limitMs, ...(partMs !== undefined && { partMs }) };
  return {
    what:
      source === undefined
        ? { fragmentMs: partMs ?? fragmentMs, rungs: [] }
        : { fragmentMs, rungs, source },
    cutter: new LadderMuxer({ ...times, renditions }),
  };
}
