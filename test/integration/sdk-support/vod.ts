import { execFile } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  digestList,
  initFile,
  parseChannelId,
  parseLivePath,
  parseRenditionId,
  type RenditionId,
  rootOf,
  segmentFile,
  segmentTag,
  swarmTag,
  unwrap,
} from '@shoal/protocol';
import { findFfmpeg } from '@shoal/server';
import { sha256 } from '../../../client-sdk/src/adapters/crypto/sha256.ts';
import { serveRange } from '../../unit/client-sdk/adapters/http-origin.ts';

const channel = unwrap(parseChannelId('demo'));
const EPOCH = 1_700_000_000;

/** A finished recording in segments of two seconds, as the origin would list and serve it. */
export type Vod = {
  readonly playlistPath: string;
  /** Bytes of all its segments. */
  readonly bytes: number;
  /** Paths of the segments that were asked for, and the bytes that left, in order. */
  readonly served: { readonly path: string; readonly bytes: number }[];
  /** Answers what is asked of it; false for any other path. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => boolean;
};

type Media = {
  readonly init: Uint8Array;
  readonly bodies: readonly Uint8Array[];
  readonly durations: readonly number[];
};

const AAC = ['-c:a', 'aac'];
const tone = (seconds: number): readonly string[] =>
  `-f lavfi -i sine=frequency=440:sample_rate=44100:duration=${seconds}`.split(' ');
const picture = (size: string, seconds: number): readonly string[] =>
  `-f lavfi -i testsrc2=size=${size}:rate=25:duration=${seconds}`.split(' ');
const h264 = (bitrate: string): readonly string[] =>
  `-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 50 -keyint_min 50 -sc_threshold 0 -b:v ${bitrate}`.split(
    ' ',
  );

/** A test pattern with a tone, 20 s long, in one rendition. */
export async function makeVod(): Promise<Vod> {
  const media = await encode([...picture('320x180', 20), ...tone(20), ...h264('600k'), ...AAC]);
  return serveVod(new Map([['source', media]]), '/live/demo/source/index.m3u8');
}

const MULTIVARIANT = [
  '#EXTM3U',
  '#EXT-X-INDEPENDENT-SEGMENTS',
  '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="tone",DEFAULT=YES,AUTOSELECT=YES,URI="audio/index.m3u8"',
  '#EXT-X-STREAM-INF:BANDWIDTH=600000,RESOLUTION=160x90,CODECS="avc1.42c00b,mp4a.40.2",AUDIO="a"',
  'low/index.m3u8',
  '#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=240x136,CODECS="avc1.42c00c,mp4a.40.2",AUDIO="a"',
  'mid/index.m3u8',
  '#EXT-X-STREAM-INF:BANDWIDTH=1400000,RESOLUTION=320x180,CODECS="avc1.42c00d,mp4a.40.2",AUDIO="a"',
  'high/index.m3u8',
  '',
].join('\n');

/** The same in three qualities, `low`, `mid` and `high`, and separate `audio`, 60 s long. */
export async function makeLadder(): Promise<Vod> {
  const video = (size: string, bitrate: string): Promise<Media> =>
    encode([
      ...`-f lavfi -i testsrc2=size=${size}:rate=10:duration=60 -c:v libx264`.split(' '),
      ...'-preset ultrafast -pix_fmt yuv420p -g 20 -keyint_min 20 -sc_threshold 0'.split(' '),
      // Small pictures are quick to encode; what they lack of the bitrate is filled up.
      ...`-b:v ${bitrate} -minrate ${bitrate} -maxrate ${bitrate} -bufsize ${bitrate}`.split(' '),
      ...['-x264-params', 'nal-hrd=cbr'],
    ]);
  const low = await video('160x90', '400k');
  const mid = await video('240x136', '650k');
  const high = await video('320x180', '1100k');
  const audio = await encode([...tone(60), ...AAC, '-b:a', '96k']);
  const renditions = new Map(Object.entries({ low, mid, high, audio }));
  return serveVod(renditions, '/live/demo/index.m3u8');
}

async function encode(args: readonly string[]): Promise<Media> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-vod-'));
  try {
    await promisify(execFile)((await findFfmpeg()).path, [
      ...['-v', 'error', ...args],
      ...['-f', 'hls', '-hls_segment_type', 'fmp4', '-hls_time', '2', '-hls_list_size', '0'],
      ...['-hls_fmp4_init_filename', 'init.mp4', '-hls_segment_filename', join(folder, '%d.m4s')],
      join(folder, 'index.m3u8'),
    ]);
    const listed = await readFile(join(folder, 'index.m3u8'), 'utf8');
    const durations = [...listed.matchAll(/^#EXTINF:([\d.]+)/gm)].map(([, text]) => Number(text));
    const bodies = await Promise.all(durations.map((_, i) => readFile(join(folder, `${i}.m4s`))));
    return { init: await readFile(join(folder, 'init.mp4')), bodies, durations };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function mediaPlaylist(
  rendition: RenditionId,
  { bodies, durations }: Media,
  digests: readonly Uint8Array[],
): string {
  const segments = bodies.flatMap((body, msn) => {
    const id = { rendition, epoch: EPOCH, msn };
    const duration = durations[msn] ?? 0;
    const root = rootOf(digests[msn] ?? new Uint8Array(), sha256);
    return [
      segmentTag({ id, size: body.length, durationMs: Math.round(duration * 1000), root }),
      `#EXTINF:${duration.toFixed(3)},`,
      segmentFile(id),
    ];
  });
  return [
    ...['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-TARGETDURATION:2', '#EXT-X-MEDIA-SEQUENCE:0'],
    ...['#EXT-X-PLAYLIST-TYPE:VOD', swarmTag(channel, rendition)],
    `#EXT-X-MAP:URI="${initFile(EPOCH)}"`,
    ...[...segments, '#EXT-X-ENDLIST', ''],
  ].join('\n');
}

function serveVod(media: ReadonlyMap<string, Media>, playlistPath: string): Vod {
  const renditions = new Map(
    [...media].map(([name, of]) => {
      const rendition = unwrap(parseRenditionId(name));
      const digests = of.bodies.map((body) => digestList(body, sha256));
      return [rendition, { ...of, digests, playlist: mediaPlaylist(rendition, of, digests) }];
    }),
  );
  const bodies = [...media.values()].flatMap((of) => of.bodies);
  const served: { path: string; bytes: number }[] = [];
  return {
    playlistPath,
    bytes: bodies.reduce((sum, { length }) => sum + length, 0),
    served,
    answer: (request, response) => {
      const path = request.url ?? '';
      const parsed = parseLivePath(path);
      if (!parsed.ok) return false;
      const asked = parsed.value;
      if (asked.type === 'recordings' || asked.type === 'product') return false;
      if (asked.type === 'multivariant') {
        response.end(MULTIVARIANT);
        return true;
      }
      const of = renditions.get('rendition' in asked ? asked.rendition : asked.id.rendition);
      if (of === undefined) return false;
      if (asked.type === 'playlist') response.end(of.playlist);
      else if (asked.type === 'init') response.end(of.init);
      else {
        const body = (asked.type === 'segment' ? of.bodies : of.digests)[asked.id.msn];
        if (body === undefined) return false;
        const bytes = serveRange(body, request, response);
        if (asked.type === 'segment') served.push({ path, bytes });
      }
      return true;
    },
  };
}
