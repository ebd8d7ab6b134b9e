import { ok, type Result } from '@shoal/protocol';
import { fragmentMsFor } from '../encoder/ffmpeg-args.ts';
import { type Rung, rungsFor } from '../encoder/ladder.ts';
import {
  type Transcode,
  treat,
  type Treatment,
  type TreatmentOptions,
} from '../encoder/treatment.ts';
import { type VideoCodec } from '../flv/codecs.ts';
import { type SourceMedia } from '../flv/publish-feed.ts';
import { type Cutter } from '../fmp4/cut.ts';
import { LadderMuxer } from '../fmp4/ladder-muxer.ts';
import { PartSegmenter } from '../fmp4/part-segmenter.ts';
import { Segmenter } from '../fmp4/segmenter.ts';
import { type ChannelOptions, type EncodeWhat } from './messages.ts';

/** What an encoder is asked for, and what cuts its output. */
export type EncoderPlan = {
  readonly what: EncodeWhat;
  readonly cutter: Cutter;
  /** What a broadcast that begins with it has beside its source. */
  readonly layout: Layout;
  /** What it decodes, for people; absent where that is H.264 and AAC. */
  readonly decodes?: string;
};

/** What a broadcast has beside its source, from its first encoder on: viewers know it from the playlist. */
export type Layout = {
  readonly rungs: readonly Rung[];
  /** Whether its sound is a rendition of its own, which no other has. */
  readonly soundApart: boolean;
};

/** What is fixed about a channel's encoders. */
export type PlanOptions = Pick<
  ChannelOptions,
  'ladder' | 'segmentMs' | 'partMs' | 'passthrough' | 'audioRendition' | 'canDecode'
>;

/** What is known when an encoder begins. */
export type PlanSituation = {
  readonly media: SourceMedia;
  /** Of a broadcast that has begun. */
  readonly layout: Layout | undefined;
  readonly limitMs: () => number;
};

/**
 * Plans an encoder; an error is the reason why what is sent cannot be served. Where there is no picture all renditions are
 * the same sound.
 */
export function planEncoder(
  options: PlanOptions,
  { media, layout: begun, limitMs }: PlanSituation,
): Result<EncoderPlan, string> {
  const { segmentMs, partMs, passthrough = NOTHING, canDecode = everything } = options;
  const treated = treat(media, { passthrough, canDecode });
  if (!treated.ok) return treated;
  const layout = begun ?? layoutOf({ ...options, passthrough, canDecode }, media, treated.value);
  const source = media.picture;
  const { rungs, soundApart } = layout;
  const fragmentMs = fragmentMsFor(segmentMs);
  const made = source !== undefined && rungs.length > 0;
  const transcode = transcodeOf(media, treated.value, segmentMs);
  const decodes = [
    ...(treated.value.video === 'transcode' ? [media.video] : []),
    ...(treated.value.audio === 'transcode' ? [media.audio] : []),
  ].join(' and ');
  const common = { layout, ...(decodes !== '' && { decodes }) };
  const times = { targetMs: segmentMs, limitMs, ...(partMs !== undefined && { partMs }) };
  const renditions = 1 + rungs.length;
  const ladder = (): Cutter => new LadderMuxer({ ...times, renditions, soundApart });
  if (transcode.top !== undefined || transcode.sound || made)
    return ok({
      ...common,
      what: {
        ...{ fragmentMs, rungs: source === undefined ? [] : rungs },
        ...(source !== undefined && { source }),
        transcode,
      },
      cutter: ladder(),
    });
  if (soundApart)
    return ok({ ...common, what: { fragmentMs, rungs: [], eachFrame: true }, cutter: ladder() });
  if (renditions > 1)
    return ok({
      ...common,
      what: { fragmentMs: partMs ?? fragmentMs, rungs: [] },
      cutter: ladder(),
    });
  if (partMs !== undefined)
    return ok({
      ...common,
      what: { fragmentMs, rungs: [], parts: { partMs, targetMs: segmentMs } },
      cutter: new PartSegmenter({ targetMs: segmentMs, limitMs }),
    });
  return ok({
    ...common,
    what: { fragmentMs, rungs: [] },
    cutter: new Segmenter({ targetMs: segmentMs, fragmentMs, limitMs }),
  });
}

const NOTHING: ReadonlySet<VideoCodec> = new Set();
const everything = (): boolean => true;

function layoutOf(
  options: PlanOptions & TreatmentOptions,
  media: SourceMedia,
  { video, audio }: Treatment,
): Layout {
  const { ladder, audioRendition = false, canDecode, passthrough } = options;
  const { picture: source } = media;
  const passed = media.video !== undefined && passthrough.has(media.video);
  // What is passed, and cannot be decoded, is passed alone.
  const decoded = media.video === undefined || canDecode(media.video);
  return {
    rungs: source === undefined || !decoded ? [] : rungsFor(ladder, source, passed),
    soundApart: audioRendition && video !== undefined && audio !== undefined,
  };
}

function transcodeOf(
  { video: codec, picture: size }: SourceMedia,
  { input, video, audio }: Treatment,
  keyFrameMs: number,
): Transcode {
  return {
    ...{ input, sound: audio === 'transcode', picture: video !== undefined },
    ...(video === 'transcode' && size !== undefined && { top: { size, keyFrameMs } }),
    ...(video === 'copy' && codec !== undefined && { copied: codec }),
  };
}
