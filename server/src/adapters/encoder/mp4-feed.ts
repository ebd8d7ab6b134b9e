import { type Encoder, type EncoderHandlers, FlvMuxer } from '../../core/index.ts';

/**
 * An encoder that is fed FLV tags and gives its ffmpeg MP4 of them, frame by frame: what Enhanced RTMP brings cannot be read as FLV by
 * the ffmpegs of today's distributions (before 6.1), while MP4 can by all.
 */
export function feedAsMp4(
  start: (handlers: EncoderHandlers) => Encoder,
  options: { readonly fragmentMs: number },
  handlers: EncoderHandlers,
): Encoder {
  const muxer = new FlvMuxer({ ...options, eachFrame: true });
  let fault: string | undefined;
  const encoder = start({
    ...handlers,
    onExit: (detail) => {
      handlers.onExit(fault ?? detail);
    },
  });
  return {
    pid: encoder.pid,
    write: (tag) => {
      if (fault !== undefined) return 0;
      const made = muxer.push(tag);
      if (!made.ok) {
        fault = made.error;
        encoder.kill();
        return 0;
      }
      return made.value.reduce((waiting, bytes) => encoder.write(bytes) || waiting, 0);
    },
    finish: () => {
      for (const bytes of muxer.finish()) encoder.write(bytes);
      encoder.finish();
    },
    kill: encoder.kill,
  };
}
