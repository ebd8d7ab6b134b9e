import {
  type Encoder,
  type EncoderHandlers,
  type EncodeWhat,
  hasFpsMode,
  ladderToFragmentedMp4,
} from '../../core/index.ts';
import { startCopy } from './copy-encoder.ts';
import { startFfmpeg } from './ffmpeg-process.ts';
import { type FoundFfmpeg } from './find-ffmpeg.ts';

/** Starts the encoder of an epoch. Only what there is to transcode takes an ffmpeg. */
export function startEncoder(
  { fragmentMs, rungs, source, parts }: EncodeWhat,
  handlers: EncoderHandlers,
  { ffmpeg, onLog }: { readonly ffmpeg: FoundFfmpeg; readonly onLog: (line: string) => void },
): Encoder {
  if (source === undefined || rungs.length === 0)
    return startCopy({ fragmentMs, ...(parts !== undefined && { parts }) }, handlers);
  const fpsMode = hasFpsMode(ffmpeg.version);
  const call = ladderToFragmentedMp4({ rungs, source, fpsMode });
  return startFfmpeg({ path: ffmpeg.path, call, onLog }, handlers);
}
