import { findFfprobe, runTool } from './media-tools.ts';

/** A packet, as ffprobe sees it. Times in seconds. */
export type ProbedPacket = {
  readonly stream: number;
  readonly pts: number;
  readonly dts: number;
  readonly duration: number;
  /** Where it begins in the file, and how long it is. */
  readonly at: number;
  readonly size: number;
  readonly key: boolean;
};

/** A stream, as ffprobe sees it. */
export type ProbedStream = {
  readonly index: number;
  readonly kind: 'video' | 'audio';
  readonly codec: string;
  readonly profile: string;
  readonly level: number;
  readonly width: number;
  readonly height: number;
  /** As ffmpeg calls its format of pixels. */
  readonly pixels: string;
  /** Hertz; of sound. */
  readonly sampleRate: number;
  readonly channels: number;
};

/** What ffprobe says of a file. */
export type Probe = {
  readonly streams: readonly ProbedStream[];
  readonly packets: readonly ProbedPacket[];
  /** What it complains about. */
  readonly said: string;
};

const PACKET = 'packet=stream_index,pts,dts,duration,pos,size,flags';
const STREAM =
  'stream=index,codec_type,codec_name,profile,level,width,height,pix_fmt,channels,time_base,sample_rate';

type Fields = Readonly<Record<string, string | number | undefined>>;
type Answer = { readonly packets?: readonly Fields[]; readonly streams?: readonly Fields[] };

let warned = false;

/** Has ffprobe read a file; undefined where there is no ffprobe. */
export async function probe(file: Uint8Array): Promise<Probe | undefined> {
  const path = await findFfprobe();
  if (path === undefined) {
    if (!warned) process.emitWarning('ffprobe was not found: media are decoded, and not looked at');
    warned = true;
    return undefined;
  }
  const shown = ['-show_entries', `${PACKET}:${STREAM}`, '-of', 'json=compact=1'];
  const { out, said } = await runTool(path, ['-v', 'error', ...shown, '-i', 'pipe:0'], file);
  const answer = JSON.parse(out.length === 0 ? '{}' : Buffer.from(out).toString()) as Answer; // its own format, documented with ffprobe
  const streams = answer.streams ?? [];
  const units = new Map(streams.map((stream) => [Number(stream['index']), secondsOf(stream)]));
  return {
    said,
    streams: streams.map((stream) => ({
      index: Number(stream['index']),
      kind: stream['codec_type'] === 'video' ? 'video' : 'audio',
      codec: String(stream['codec_name']),
      profile: String(stream['profile']),
      level: Number(stream['level']),
      width: Number(stream['width']),
      height: Number(stream['height']),
      pixels: String(stream['pix_fmt']),
      sampleRate: Number(stream['sample_rate']),
      channels: Number(stream['channels']),
    })),
    packets: (answer.packets ?? []).map((packet) => {
      const stream = Number(packet['stream_index']);
      const unit = units.get(stream) ?? NaN;
      return {
        stream,
        pts: Number(packet['pts']) * unit,
        dts: Number(packet['dts']) * unit,
        // It has none for the only packet of a stream.
        duration: Number(packet['duration'] ?? 0) * unit,
        at: Number(packet['pos']),
        size: Number(packet['size']),
        key: String(packet['flags']).startsWith('K'),
      };
    }),
  };
}

function secondsOf(stream: Fields): number {
  const [, num, den] = /^(\d+)\/(\d+)$/.exec(String(stream['time_base'])) ?? [];
  return Number(num) / Number(den);
}
