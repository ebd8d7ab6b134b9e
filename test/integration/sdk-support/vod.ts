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
const rendition = unwrap(parseRenditionId('source'));
const EPOCH = 1_700_000_000;

/** A finished recording of ten segments of two seconds, as the origin would list and serve it. */
export type Vod = {
  readonly playlistPath: string;
  /** Bytes of all its segments. */
  readonly bytes: number;
  /** Paths of the segments that were asked for, and the bytes that left, in order. */
  readonly served: { readonly path: string; readonly bytes: number }[];
  /** Answers what is asked of it; false for any other path. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => boolean;
};

/** Encodes a test pattern with ffmpeg. */
export async function makeVod(): Promise<Vod> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-vod-'));
  try {
    await promisify(execFile)((await findFfmpeg()).path, [
      ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=20'],
      ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100:duration=20'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '50'],
      ...['-keyint_min', '50', '-sc_threshold', '0', '-b:v', '600k', '-c:a', 'aac'],
      ...['-f', 'hls', '-hls_segment_type', 'fmp4', '-hls_time', '2', '-hls_list_size', '0'],
      ...['-hls_fmp4_init_filename', 'init.mp4', '-hls_segment_filename', join(folder, '%d.m4s')],
      join(folder, 'index.m3u8'),
    ]);
    const listed = await readFile(join(folder, 'index.m3u8'), 'utf8');
    const durations = [...listed.matchAll(/^#EXTINF:([\d.]+)/gm)].map(([, text]) => Number(text));
    const bodies = await Promise.all(durations.map((_, i) => readFile(join(folder, `${i}.m4s`))));
    return serveVod({ init: await readFile(join(folder, 'init.mp4')), bodies, durations });
  } finally {
    await rm(folder, { recursive: true });
  }
}

function serveVod(media: {
  readonly init: Uint8Array;
  readonly bodies: readonly Uint8Array[];
  readonly durations: readonly number[];
}): Vod {
  const { init, bodies, durations } = media;
  const digests = bodies.map((body) => digestList(body, sha256));
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
  const playlist = [
    ...['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-TARGETDURATION:2', '#EXT-X-MEDIA-SEQUENCE:0'],
    ...['#EXT-X-PLAYLIST-TYPE:VOD', swarmTag(channel, rendition)],
    `#EXT-X-MAP:URI="${initFile(EPOCH)}"`,
    ...[...segments, '#EXT-X-ENDLIST', ''],
  ].join('\n');
  const served: { path: string; bytes: number }[] = [];
  return {
    playlistPath: '/live/demo/source/index.m3u8',
    bytes: bodies.reduce((sum, { length }) => sum + length, 0),
    served,
    answer: (request, response) => {
      const path = request.url ?? '';
      const parsed = parseLivePath(path);
      if (!parsed.ok) return false;
      if (parsed.value.type === 'playlist') response.end(playlist);
      else if (parsed.value.type === 'init') response.end(init);
      else if (parsed.value.type !== 'multivariant') {
        const kind = parsed.value.type;
        const body = (kind === 'segment' ? bodies : digests)[parsed.value.id.msn];
        if (body === undefined) return false;
        const bytes = serveRange(body, request, response);
        if (kind === 'segment') served.push({ path, bytes });
      }
      return true;
    },
  };
}
