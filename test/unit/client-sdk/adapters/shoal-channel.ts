import {
  digestList,
  parseChannelId,
  parseRenditionId,
  rootOf,
  segmentFile,
  type SegmentInfo,
  segmentTag,
  swarmTag,
  unwrap,
} from '@shoal/protocol';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sha256 } from '../../../../client-sdk/src/adapters/crypto/sha256.ts';
import { serveRange } from './http-origin.ts';

const channel = unwrap(parseChannelId('demo'));
const rendition = unwrap(parseRenditionId('source'));
const FOLDER = '/live/demo/source';
const EPOCH = 1_700_000_000;

/** A channel of `count` made-up segments, as the origin would serve it. */
export class ShoalChannel {
  readonly bodies: readonly Uint8Array[];
  readonly #infos: readonly SegmentInfo[];

  constructor(count: number, size: number) {
    this.bodies = Array.from({ length: count }, (_, msn) =>
      Uint8Array.from({ length: size }, (_, i) => (i * (msn + 3)) % 253),
    );
    this.#infos = this.bodies.map((body, msn) => ({
      id: { rendition, epoch: EPOCH, msn },
      size: body.length,
      durationMs: 2_000,
      root: rootOf(digestList(body, sha256), sha256),
    }));
  }

  path(msn: number): string {
    return `${FOLDER}/${segmentFile({ epoch: EPOCH, msn })}`;
  }

  get playlistPath(): string {
    return `${FOLDER}/index.m3u8`;
  }

  get playlist(): string {
    const segments = this.#infos.flatMap((info) => [
      segmentTag(info),
      '#EXTINF:2.000,',
      segmentFile(info.id),
    ]);
    return ['#EXTM3U', '#EXT-X-TARGETDURATION:2', swarmTag(channel, rendition), ...segments].join(
      '\n',
    );
  }

  /** Serves playlist, segments, ranges of them, and digest lists; 404 for the rest. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? '';
    const msn = this.bodies.findIndex((_, i) => url.startsWith(this.path(i).replace('.m4s', '.')));
    const body = this.bodies[msn];
    if (url === this.playlistPath) response.end(this.playlist);
    else if (body === undefined) response.writeHead(404).end();
    else serveRange(url.endsWith('.digests') ? digestList(body, sha256) : body, request, response);
  }
}
