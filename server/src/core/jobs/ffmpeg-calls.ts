import { type Sheet, type SpriteSize } from './storyboard.ts';

const QUIET = ['-hide_banner', '-nostdin', '-v', 'error'] as const;
/** Decoding takes one core at most. */
const FROM_FRAGMENTS = ['-threads', '1', '-f', 'mp4', '-i', 'pipe:0'] as const;
const POSTER_WIDTH = 1_280;
/** Of 2 to 31, the smaller the better. */
const SPRITE_QUALITY = '5';
const POSTER_QUALITY = '3';

/**
 * Makes an MP4 file of fragments that come by standard input, nothing encoded, its index before its media (`faststart`), and tells its
 * progress by standard output.
 */
export function fragmentsToMp4(file: string): readonly string[] {
  return [
    ...[...QUIET, '-xerror', '-progress', 'pipe:1', '-f', 'mp4', '-i', 'pipe:0'],
    ...['-map', '0', '-c', 'copy', '-movflags', '+faststart', '-f', 'mp4', '-y', `file:${file}`],
  ];
}

/** How much of an MP4 is written, ms, as ffmpeg tells it; undefined of what tells nothing of that. */
export function progressMs(line: string): number | undefined {
  const us = /^out_time_(?:us|ms)=(\d+)$/.exec(line.trim())?.[1];
  return us === undefined ? undefined : Number(us) / 1000;
}

/** Makes small pictures of key frames that come by standard input, one for each second, as YUV 4:2:0 one after the other. */
export function keyFramesToPictures({ width, height }: SpriteSize): readonly string[] {
  const fit = `scale=${width}:${height}:force_original_aspect_ratio=decrease`;
  const filters = ['fps=1:start_time=0', fit, `pad=${width}:${height}:-1:-1`, 'format=yuv420p'];
  return [
    ...[...QUIET, '-skip_frame', 'nokey', ...FROM_FRAGMENTS],
    ...['-map', '0:v:0', '-vf', filters.join(','), '-threads', '1', '-f', 'rawvideo', 'pipe:1'],
  ];
}

/** Bytes of a picture of {@link keyFramesToPictures}. */
export function pictureBytes({ width, height }: SpriteSize): number {
  return (width * height * 3) / 2;
}

/** Makes a sheet of such pictures: a JPEG. */
export function picturesToSheet({ width, height }: SpriteSize, sheet: Sheet): readonly string[] {
  const input = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${height}`, '-r', '1'];
  const filters = `tile=${sheet.columns}x${sheet.rows},scale=out_range=full,format=yuvj420p`;
  return [
    ...[...QUIET, ...input, '-i', 'pipe:0', '-vf', filters, '-frames:v', '1', '-threads', '1'],
    ...['-c:v', 'mjpeg', '-q:v', SPRITE_QUALITY, '-f', 'image2pipe', 'pipe:1'],
  ];
}

/** Makes a poster of a key frame: a JPEG, 1,280 pixels wide at most. */
export function keyFrameToPoster(): readonly string[] {
  const filters = `scale='min(${POSTER_WIDTH},iw)':-2:out_range=full,format=yuvj420p`;
  return [
    ...[...QUIET, '-skip_frame', 'nokey', ...FROM_FRAGMENTS],
    ...['-map', '0:v:0', '-vf', filters, '-frames:v', '1', '-threads', '1'],
    ...['-c:v', 'mjpeg', '-q:v', POSTER_QUALITY, '-f', 'image2pipe', 'pipe:1'],
  ];
}
