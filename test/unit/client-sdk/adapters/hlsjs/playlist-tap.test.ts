import {
  segmentTag,
  swarmTag,
  toBase64Url,
  unwrap,
  parseChannelId,
  parseRenditionId,
} from '@shoal/protocol';
import fc from 'fast-check';
import type { HlsConfig, Loader, LoaderConfiguration, PlaylistLoaderContext } from 'hls.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../../support/until.ts';
import { type HttpOrigin, startOrigin } from '../http-origin.ts';
import { PlayerLoader } from '../player-loader.ts';
import {
  createPlaylistTap,
  readPlaylist,
} from '../../../../../client-sdk/src/adapters/hlsjs/playlist-tap.ts';

const channel = unwrap(parseChannelId('demo'));
const rendition = unwrap(parseRenditionId('source'));
const BASE = 'https://cdn.example/live/demo/source/index.m3u8?token=1';

function playlist(...uris: readonly string[]): string {
  const segments = uris.flatMap((uri, i) => [
    segmentTag({
      id: { rendition, epoch: 1_700_000_000, msn: 40 + i },
      size: 1_000,
      durationMs: 2_000,
      root: toBase64Url(new Uint8Array(32)),
    }),
    '#EXTINF:2.0,',
    uri,
  ]);
  return ['#EXTM3U', '#EXT-X-MEDIA-SEQUENCE:40', swarmTag(channel, rendition), ...segments].join(
    '\n',
  );
}

describe('a playlist that is held back', () => {
  const CONFIG = { loader: PlayerLoader } as unknown as HlsConfig;
  let site: HttpOrigin;

  beforeAll(async () => {
    site = await startOrigin((_, response) => response.end(playlist('a.m4s')));
  });

  afterAll(() => site.close());

  /** Loads it with a tap that holds it until it is let go; `log` is what happened. */
  function load(held: boolean): {
    readonly loader: Loader<PlaylistLoaderContext>;
    readonly log: string[];
    readonly letGo: () => void;
  } {
    const log: string[] = [];
    let letGo = (): void => {};
    const promise = new Promise<void>((resolve) => (letGo = resolve));
    const Tap = createPlaylistTap({
      onPlaylist: () => {
        log.push('seen');
        return held ? promise : undefined;
      },
      onSeen: () => {},
      plain: undefined,
    });
    const loader = new Tap(CONFIG);
    const context = { url: site.url, type: 'level' } as unknown as PlaylistLoaderContext;
    const nothing = (): void => {};
    loader.load(context, {} as LoaderConfiguration, {
      onSuccess: (_, __, of) => log.push(of === context ? 'given' : 'another'),
      ...{ onError: nothing, onTimeout: nothing },
    });
    return { loader, log, letGo };
  }

  const seen = (log: readonly string[]): Promise<void> =>
    until(() => log.includes('seen'), { what: 'the playlist' });

  it('SEG-15 is given to the player when what it lists has been verified', async () => {
    const { log, letGo } = load(true);
    await seen(log);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(log).toEqual(['seen']);
    letGo();
    await until(() => log.length > 1, { what: 'the player to get it' });
    expect(log).toEqual(['seen', 'given']);
  });

  it('is given at once where nothing holds it', async () => {
    const { log } = load(false);
    await seen(log);
    expect(log).toEqual(['seen', 'given']);
  });

  it.each(['abort', 'destroy'] as const)('is not given after %s', async (how) => {
    const { loader, log, letGo } = load(true);
    await seen(log);
    loader[how]();
    letGo();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(log).toEqual(['seen']);
  });
});

describe('reading a playlist', () => {
  it('SEG-9 resolves segments against where the playlist was served from', () => {
    const input = readPlaylist(
      playlist('a.m4s', '/b.m4s?x=1', 'https://other.example/c.m4s'),
      BASE,
    );
    expect(input?.urls).toEqual([
      'https://cdn.example/live/demo/source/a.m4s',
      'https://cdn.example/b.m4s?x=1',
      'https://other.example/c.m4s',
    ]);
    expect(input?.swarm.segments.map(({ info }) => info.id.msn)).toEqual([40, 41, 42]);
  });

  it('SEG-9 leaves out a segment whose URI is none, and keeps the others in step', () => {
    const input = readPlaylist(playlist('a.m4s', 'http://[', 'c.m4s'), BASE);
    expect(input?.urls).toHaveLength(2);
    expect(input?.swarm.segments.map(({ info }) => info.id.msn)).toEqual([40, 42]);
  });

  it('SEG-8 reads nothing from a playlist without tags', () => {
    expect(readPlaylist('#EXTM3U\n#EXTINF:2,\na.m4s', BASE)).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.webUrl(), (text, base) => {
        readPlaylist(text, base);
        readPlaylist(playlist(text), base);
      }),
    );
  });
});
