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
import { feedAsMp4 } from './mp4-feed.ts';

/** What encoders are made of. */
export type EncoderParts = {
  readonly ffmpeg: Pick<FoundFfmpeg, 'path' | 'version'>;
  readonly onLog: (line: string) => void;
};

/** Starts what makes this. Only what there is to transcode takes an ffmpeg. */
export function startEncoder(
  what: EncodeWhat,
  handlers: EncoderHandlers,
  { ffmpeg, onLog }: EncoderParts,
): Encoder {
  const { fragmentMs, rungs, source, parts, eachFrame, transcode } = what;
  if (transcode === undefined) {
    const cut = {
      ...(parts !== undefined && { parts }),
      ...(eachFrame !== undefined && { eachFrame }),
    };
    return startCopy({ fragmentMs, ...cut }, handlers);
  }
  const fpsMode = hasFpsMode(ffmpeg.version);
  const call = ladderToFragmentedMp4({
    ...{ rungs, fpsMode, transcode },
    ...(source !== undefined && { source }),
  });
  const start = (to: EncoderHandlers): Encoder =>
    startFfmpeg({ path: ffmpeg.path, call, onLog }, to);
  return transcode.input === 'mp4' ? feedAsMp4(start, { fragmentMs }, handlers) : start(handlers);
}
