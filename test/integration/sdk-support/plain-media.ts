import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFfmpeg } from '@shoal/server';
import { serveRange } from '../../unit/client-sdk/adapters/http-origin.ts';

/** Segments of each recording, and their length. */
const SEGMENTS = 7;
const SEGMENT_SECONDS = 2;

/** How an origin that knows nothing of Shoal offers its media. */
export type PlainKind = 'ts-live' | 'fmp4' | 'aes-128' | 'byte-ranges' | 'separate-audio';

/** What ffmpeg made, served as a plain file server would. */
export type PlainOrigin = {
  readonly playlistPath: string;
  /** Media segments that left: path, and bytes. */
  readonly served: { readonly path: string; readonly bytes: number }[];
  readonly answer: (request: IncomingMessage, response: ServerResponse) => boolean;
};

/** Encodes a test pattern with ffmpeg into the folder `/kind/`. */
export async function makePlainOrigin(kind: PlainKind): Promise<PlainOrigin> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-plain-'));
  try {
    await writeFile(join(folder, 'key.bin'), randomBytes(16));
    await writeFile(join(folder, 'key.info'), `key.bin\n${join(folder, 'key.bin')}\n`);
    await promisify(execFile)(
      (await findFfmpeg()).path,
      [...SOURCE, ...ENCODING, ...OUTPUT[kind]],
      {
        cwd: folder,
      },
    );
    const names = await readdir(folder);
    const files = new Map<string, Buffer>();
    for (const name of names) files.set(`/${kind}/${name}`, await readFile(join(folder, name)));
    if (kind === 'separate-audio') files.set(`/${kind}/index.m3u8`, Buffer.from(MULTIVARIANT));
    return serve(kind, files);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const SECONDS = SEGMENTS * SEGMENT_SECONDS;

const SOURCE = [
  ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=25:duration=${SECONDS}`],
  ...['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=44100:duration=${SECONDS}`],
];

const ENCODING = [
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '50'],
  ...['-keyint_min', '50', '-sc_threshold', '0'],
];

const AV = ['-b:v', '600k', '-c:a', 'aac'];
const HLS = ['-f', 'hls', '-hls_time', `${SEGMENT_SECONDS}`, '-hls_list_size', '0'];
const VOD = [...HLS, '-hls_playlist_type', 'vod'];
const FMP4 = ['-hls_segment_type', 'fmp4', '-hls_fmp4_init_filename', 'init.mp4'];

const OUTPUT: Readonly<Record<PlainKind, readonly string[]>> = {
  'ts-live': [...AV, ...HLS, '-hls_segment_filename', 'seg%d.ts', 'index.m3u8'],
  fmp4: [...AV, ...VOD, ...FMP4, '-hls_segment_filename', 'seg%d.m4s', 'index.m3u8'],
  'aes-128': [
    ...[...AV, ...VOD],
    ...['-hls_key_info_file', 'key.info', '-hls_segment_filename', 'seg%d.ts', 'index.m3u8'],
  ],
  'byte-ranges': [...AV, ...VOD, '-hls_flags', 'single_file', 'index.m3u8'],
  'separate-audio': [
    ...['-map', '0:v', '-b:v', '400k', ...track('low')],
    ...['-map', '0:v', ...ENCODING, '-b:v', '800k', ...track('high')],
    ...['-map', '1:a', '-c:a', 'aac', ...track('audio')],
  ],
};

function track(name: string): readonly string[] {
  const init = ['-hls_segment_type', 'fmp4', '-hls_fmp4_init_filename', `${name}-init.mp4`];
  return [...VOD, ...init, '-hls_segment_filename', `${name}-%d.m4s`, `${name}.m3u8`];
}

const MULTIVARIANT = [
  ...['#EXTM3U', '#EXT-X-VERSION:7'],
  '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="one",DEFAULT=YES,AUTOSELECT=YES,URI="audio.m3u8"',
  '#EXT-X-STREAM-INF:BANDWIDTH=600000,CODECS="avc1.42c00d,mp4a.40.2",AUDIO="a"',
  'low.m3u8',
  '#EXT-X-STREAM-INF:BANDWIDTH=1100000,CODECS="avc1.42c00d,mp4a.40.2",AUDIO="a"',
  ...['high.m3u8', ''],
].join('\n');

function serve(kind: PlainKind, files: ReadonlyMap<string, Buffer>): PlainOrigin {
  const served: { path: string; bytes: number }[] = [];
  const startedAt = Date.now();
  return {
    playlistPath: `/${kind}/index.m3u8`,
    served,
    answer: (request, response) => {
      const path = new URL(request.url ?? '', 'http://site').pathname;
      const body = files.get(path);
      if (body === undefined) return false;
      if (path.endsWith('.m3u8')) {
        const text = body.toString();
        response.end(kind === 'ts-live' ? live(text, Date.now() - startedAt) : text);
      } else {
        const bytes = serveRange(body, request, response);
        if (!path.includes('init') && !path.includes('key')) served.push({ path, bytes });
      }
      return true;
    },
  };
}

/** The same recording over and over, as a live playlist of the last five segments would list it. */
function live(text: string, sinceMs: number): string {
  const items = [...text.matchAll(/#EXTINF:[^\n]*\n([^#\n]+)/g)].map(([item]) => item);
  const newest = 6 + Math.floor(sinceMs / (SEGMENT_SECONDS * 1000));
  const listed = Array.from({ length: 5 }, (_, i) => newest - 4 + i);
  return [
    ...['#EXTM3U', '#EXT-X-VERSION:3', `#EXT-X-TARGETDURATION:${SEGMENT_SECONDS}`],
    ...[`#EXT-X-MEDIA-SEQUENCE:${listed[0]}`],
    // Time starts anew with each round.
    `#EXT-X-DISCONTINUITY-SEQUENCE:${Math.floor(((listed[0] ?? 0) - 1) / SEGMENTS)}`,
    ...listed.flatMap((msn) => [
      ...(msn % SEGMENTS === 0 ? ['#EXT-X-DISCONTINUITY'] : []),
      (items[msn % SEGMENTS] ?? '').replace(/\.ts$/, `.ts?round=${Math.floor(msn / SEGMENTS)}`),
    ]),
    '',
  ].join('\n');
}
