import type { PictureSize } from './config.ts';

/** Seconds between keyframes, the length of a segment: each segment can then start at one. */
const KEYFRAME_SECONDS = 2;
const FRAMES_PER_SECOND = 30;

/**
 * ffmpeg arguments of the test pattern: moving picture and a soft tone at the pace of real time,
 * H.264 with closed groups of exactly two seconds and AAC, as FLV to `url`. Every option exists in
 * ffmpeg 4 to 7. The bit rate goes with the picture size, 1.6 Mbit/s at 1280×720.
 */
export function patternArgs(size: PictureSize, url: string): readonly string[] {
  const kbps = Math.max(200, Math.round((1600 * size.width * size.height) / (1280 * 720)));
  const group = String(KEYFRAME_SECONDS * FRAMES_PER_SECOND);
  const picture = `testsrc2=size=${size.width}x${size.height}:rate=${FRAMES_PER_SECOND}`;
  return [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error'],
    ...['-re', '-f', 'lavfi', '-i', picture],
    ...['-re', '-f', 'lavfi', '-i', 'sine=frequency=196:sample_rate=48000'],
    ...['-map', '0:v', '-map', '1:a'],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency'],
    ...['-profile:v', 'main', '-pix_fmt', 'yuv420p'],
    ...['-g', group, '-keyint_min', group, '-sc_threshold', '0'],
    ...['-b:v', `${kbps}k`, '-maxrate', `${kbps}k`, '-bufsize', `${kbps}k`],
    ...['-c:a', 'aac', '-b:a', '96k', '-ac', '2', '-filter:a', 'volume=0.06'],
    ...['-f', 'flv', url],
  ];
}
