import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFfprobe, runFfmpeg, runTool } from '../../support/lint/media-tools.ts';
import { pause } from '../../support/until.ts';
import { RtmpClient } from './rtmp-client.ts';

/** A message of RTMP with media, as an encoder sends it. */
export type MediaMessage = {
  readonly type: 'video' | 'audio';
  /** Milliseconds. */
  readonly at: number;
  readonly body: Buffer;
};

/** How a codec is sent: by FourCC, or as the older RTMP has it. */
const FOUR_CC: Readonly<Record<string, string>> = {
  h264: 'avc1',
  hevc: 'hvc1',
  av1: 'av01',
  aac: 'mp4a',
  opus: 'Opus',
  flac: 'fLaC',
  ac3: 'ac-3',
  eac3: 'ec-3',
  mp3: '.mp3',
};

type Packet = {
  readonly stream_index: number;
  readonly pts_time: string;
  readonly dts_time: string;
  readonly flags: string;
  readonly data: string;
};
type Stream = {
  readonly index: number;
  readonly codec_type: string;
  readonly codec_name: string;
  readonly extradata?: string;
};

/** ffprobe writes `00000000: 0102 0304 …  ....` */
function bytesOf(dump: string | undefined): Buffer {
  const lines = (dump ?? '').split('\n').filter((line) => line !== '');
  return Buffer.from(lines.map((line) => line.slice(10, 50).replaceAll(' ', '')).join(''), 'hex');
}

/** Has ffmpeg make media with these arguments; returns them as messages of Enhanced RTMP v2, in the order of their decoding. */
export async function enhancedMedia(args: readonly string[]): Promise<readonly MediaMessage[]> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-enhanced-'));
  try {
    const file = join(folder, 'media.mp4');
    const none = new Uint8Array(0);
    await runFfmpeg(none, ['-v', 'error', ...args, '-strict', '-2', '-f', 'mp4', file]);
    const ffprobe = await findFfprobe();
    if (ffprobe === undefined) throw new Error('no ffprobe');
    const { out } = await runTool(
      ffprobe,
      ['-v', 'error', '-show_packets', '-show_streams', '-show_data', '-of', 'json', file],
      none,
    );
    const probed = JSON.parse(Buffer.from(out).toString()) as {
      readonly packets: readonly Packet[];
      readonly streams: readonly Stream[];
    }; // its own format, documented with ffprobe
    return messagesOf(probed.streams, probed.packets);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function messagesOf(
  streams: readonly Stream[],
  packets: readonly Packet[],
): readonly MediaMessage[] {
  const first = Math.min(...packets.map(({ dts_time }) => Number(dts_time)));
  const headers = streams.flatMap((stream) => headerOf(stream));
  const media = packets.map((packet) => {
    const stream = streams.find(({ index }) => index === packet.stream_index);
    if (stream === undefined) throw new Error('a packet of no stream');
    return frameOf(stream, packet, first);
  });
  return [...headers, ...media.sort((a, b) => a.at - b.at)];
}

function headerOf({ codec_name, codec_type, extradata }: Stream): readonly MediaMessage[] {
  const fourCc = Buffer.from(FOUR_CC[codec_name] ?? '????');
  const config = bytesOf(extradata);
  if (codec_type === 'video')
    return [{ type: 'video', at: 0, body: Buffer.concat([Buffer.of(0x90), fourCc, config]) }];
  if (config.length === 0) return [];
  const flac = Buffer.concat([Buffer.from('fLaC'), Buffer.of(0x80, 0, 0, 34), config]);
  const body = Buffer.concat([Buffer.of(0x90), fourCc, codec_name === 'flac' ? flac : config]);
  return [{ type: 'audio', at: 0, body }];
}

function frameOf({ codec_name, codec_type }: Stream, packet: Packet, first: number): MediaMessage {
  const fourCc = Buffer.from(FOUR_CC[codec_name] ?? '????');
  const at = Math.round((Number(packet.dts_time) - first) * 1000);
  const data = bytesOf(packet.data);
  if (codec_type !== 'video')
    return { type: 'audio', at, body: Buffer.concat([Buffer.of(0x91), fourCc, data]) };
  const later = Math.round((Number(packet.pts_time) - Number(packet.dts_time)) * 1000);
  const frame = packet.flags.startsWith('K') ? 0x90 : 0xa0;
  const time = Buffer.alloc(3);
  time.writeIntBE(later, 0, 3);
  // As encoders do, without a time where there is none to be said.
  const untimed = codec_name === 'av1' ? 1 : 3;
  const head = later === 0 ? Buffer.of(frame | untimed) : Buffer.of(frame | 1);
  const body = Buffer.concat([head, fourCc, ...(later === 0 ? [] : [time]), data]);
  return { type: 'video', at, body };
}

const CHUNK = 65_536;
const STEP_MS = 10;

/** One message in chunks of {@link CHUNK} bytes. */
function message({ type, at, body }: MediaMessage): Buffer {
  const chunkStream = type === 'video' ? 6 : 4;
  const header = Buffer.alloc(12);
  header[0] = chunkStream;
  header.writeUIntBE(at, 1, 3);
  header.writeUIntBE(body.length, 4, 3);
  header[7] = type === 'video' ? 9 : 8;
  header.writeUInt32LE(1, 8);
  const parts: Buffer[] = [header];
  for (let from = 0; from < body.length; from += CHUNK) {
    if (from > 0) parts.push(Buffer.of(0xc0 | chunkStream));
    parts.push(body.subarray(from, from + CHUNK));
  }
  return Buffer.concat(parts);
}

/** Publishes messages over a real connection, in real time. */
export class EnhancedPublisher {
  readonly client: RtmpClient;
  #stopped = false;
  #done: Promise<void> = Promise.resolve();
  #at = 0;

  private constructor(client: RtmpClient) {
    this.client = client;
  }

  static async start(
    at: { readonly port: number; readonly key: string },
    messages: readonly MediaMessage[] = [],
  ): Promise<EnhancedPublisher> {
    // As encoders say that they know Enhanced RTMP.
    const fourCcList = ['av01', 'hvc1', 'avc1', 'Opus', 'mp4a'];
    const client = await RtmpClient.connected(at.port, 'live', { fourCcList, capsEx: 15 });
    const size = Buffer.alloc(4);
    size.writeUInt32BE(CHUNK);
    const header = Buffer.from([2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0]);
    client.publish(at.key);
    await client.hears('Publish.Start');
    client.send(Buffer.concat([header, size]));
    const publisher = new EnhancedPublisher(client);
    publisher.play(messages);
    return publisher;
  }

  /** Sends these after what is being sent, their times after those. */
  play(messages: readonly MediaMessage[]): void {
    this.#done = this.#done.then(() => this.#play(messages));
  }

  /** Resolves when everything was sent, or it was stopped. */
  done(): Promise<void> {
    return this.#done;
  }

  /** Hangs up. */
  async close(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    this.client.destroy();
  }

  async #play(messages: readonly MediaMessage[]): Promise<void> {
    const base = this.#at;
    const begin = Date.now();
    for (const each of messages) {
      while (!this.#stopped && Date.now() - begin < each.at) await pause(STEP_MS);
      if (this.#stopped || this.client.closed) return;
      const at = base + each.at;
      this.#at = Math.max(this.#at, at + 33);
      this.client.send(message({ ...each, at }));
    }
  }
}
