import {
  type Encoder,
  type EncoderHandlers,
  FlvMuxer,
  type FlvMuxerOptions,
} from '../../core/index.ts';

/**
 * The encoder of a channel that has nothing to transcode: it copies in this process, without an ffmpeg of 55 MB that would do
 * the same. It is fed the file header and whole tags.
 */
export function startCopy(options: FlvMuxerOptions, handlers: EncoderHandlers): Encoder {
  const muxer = new FlvMuxer(options);
  let running = true;
  const end = (detail: string): void => {
    if (!running) return;
    running = false;
    handlers.onExit(detail);
  };
  return {
    pid: () => undefined,
    write: (tag) => {
      if (!running) return 0;
      const made = muxer.push(tag);
      if (made.ok) for (const bytes of made.value) handlers.onData(bytes, muxer.endsSegment);
      else end(made.error);
      return 0;
    },
    finish: () => {
      if (!running) return;
      for (const bytes of muxer.finish()) handlers.onData(bytes);
      end('end of input');
    },
    kill: () => {
      end('killed');
    },
  };
}
