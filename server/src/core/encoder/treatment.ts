import { err, ok, type Result } from '@shoal/protocol';
import { type AudioCodec, ENHANCED_ONLY, type VideoCodec } from '../flv/codecs.ts';
import { type SourceMedia } from '../flv/publish-feed.ts';
import { type PictureSize } from '../h264/picture-size.ts';

/** What is done with what a publisher sends. */
export type Treatment = {
  /** How the encoder is given it: as FLV, or as MP4 where FLV cannot hold it. */
  readonly input: 'flv' | 'mp4';
  /** Absent where there is none. */
  readonly video?: 'copy' | 'transcode';
  readonly audio?: 'copy' | 'transcode';
};

/** What of it the operator and this machine's ffmpeg decide. */
export type TreatmentOptions = {
  /** What is copied although not every viewer can play it. */
  readonly passthrough: ReadonlySet<VideoCodec>;
  readonly canDecode: (codec: VideoCodec | AudioCodec) => boolean;
};

/** Of sound that FLV alone holds. */
const FLV_ONLY: ReadonlySet<AudioCodec> = new Set([
  ...(['PCM', 'ADPCM', 'Nellymoser', 'G.711', 'Speex'] as const),
]);
const IN_MP4: ReadonlySet<VideoCodec> = new Set(['H.264', 'HEVC', 'AV1']);

/** Decides what is done with these media; an error is the reason why they are refused. */
export function treat(media: SourceMedia, options: TreatmentOptions): Result<Treatment, string> {
  const { video, audio } = media;
  const copied = video === 'H.264' || (video !== undefined && options.passthrough.has(video));
  const needed = [
    ...(video === undefined || copied ? [] : [video]),
    ...(audio === undefined || audio === 'AAC' ? [] : [audio]),
  ];
  const unreadable = needed.find((codec) => !options.canDecode(codec));
  if (unreadable !== undefined)
    return err(`unsupported codec: ${unreadable}, which this ffmpeg cannot decode`);
  const input = [video, audio].some((codec) => codec !== undefined && ENHANCED_ONLY.has(codec))
    ? 'mp4'
    : 'flv';
  const stranger =
    (video !== undefined && !IN_MP4.has(video)) || (audio !== undefined && FLV_ONLY.has(audio));
  if (input === 'mp4' && stranger)
    return err(`unsupported codecs: ${video ?? 'no picture'} together with ${audio ?? 'no sound'}`);
  return ok({
    input,
    ...(video !== undefined && { video: copied ? 'copy' : 'transcode' }),
    ...(audio !== undefined && { audio: audio === 'AAC' ? 'copy' : 'transcode' }),
  });
}

/** What an ffmpeg is to do besides making rungs. */
export type Transcode = {
  readonly input: 'flv' | 'mp4';
  /** The source is encoded anew, with a key frame so often; absent where it is copied. */
  readonly top?: { readonly size: PictureSize; readonly keyFrameMs: number };
  /** The source is copied, of this codec. */
  readonly copied?: VideoCodec;
  /** Whether the sound is encoded anew. */
  readonly sound: boolean;
  /** Whether there is a picture at all. */
  readonly picture: boolean;
};
