/** Cheap to decode, and padded to the byte rate of a real stream: many viewers share this machine. */
const VIDEO_KBPS = 1_100;
const AUDIO_KBPS = 96;

/** What the stream comes to before containers, in kbit/s. */
export const STREAM_KBPS: number = VIDEO_KBPS + AUDIO_KBPS;
/** The same in words. */
export const STREAM_NAME = `${STREAM_KBPS} kbit/s, 2 s segments`;

/** ffmpeg's arguments for a live picture of that rate, without an output. */
export const ENCODE: readonly string[] = ['-re', ...pictureArgs('testsrc2'), '-f', 'flv'];

/** ffmpeg's arguments for seconds of another picture of that rate, as one fragmented MP4. */
export function foreignVideoArgs(seconds: number, output: string): readonly string[] {
  return [
    ...['-t', `${seconds}`, ...pictureArgs('mandelbrot'), '-t', `${seconds}`],
    ...['-movflags', 'frag_keyframe+empty_moov', '-f', 'mp4', '-y', output],
  ];
}

function pictureArgs(source: string): readonly string[] {
  const rate = `${VIDEO_KBPS}k`;
  return [
    ...['-f', 'lavfi', '-i', `${source}=size=192x108:rate=10`],
    ...['-f', 'lavfi', '-i', 'sine=frequency=330:sample_rate=44100'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
    ...['-g', '20', '-keyint_min', '20', '-sc_threshold', '0', '-x264-params'],
    ...['nal-hrd=cbr:force-cfr=1', '-b:v', rate, '-minrate', rate, '-maxrate', rate],
    ...['-bufsize', rate, '-c:a', 'aac', '-b:a', `${AUDIO_KBPS}k`],
  ];
}
