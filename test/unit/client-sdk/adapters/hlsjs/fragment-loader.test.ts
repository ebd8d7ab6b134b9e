import { plainSharing, SwarmEngine } from '@shoal/client-sdk/core';
import {
  Fragment,
  type FragmentLoaderContext,
  type HlsConfig,
  type Loader,
  type LoaderCallbacks,
  type LoaderConfiguration,
  LoaderContextType,
  PlaylistLevelType,
} from 'hls.js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sha256 } from '../../../../../client-sdk/src/adapters/crypto/sha256.ts';
import { DemandBook } from '../../../../../client-sdk/src/adapters/hlsjs/demand-book.ts';
import { createFragmentLoader } from '../../../../../client-sdk/src/adapters/hlsjs/fragment-loader.ts';
import { readPlaylist } from '../../../../../client-sdk/src/adapters/hlsjs/playlist-tap.ts';
import { runEffect } from '../../../../../client-sdk/src/adapters/host/effect-runner.ts';
import { EngineHost } from '../../../../../client-sdk/src/adapters/host/engine-host.ts';
import { SegmentFetches } from '../../../../../client-sdk/src/adapters/http/fetch-segment.ts';
import { channelId, renditionId } from '../../../../support/builders.ts';
import { seededRandom } from '../../../../support/seeded-random.ts';
import { type HttpOrigin, startOrigin } from '../http-origin.ts';
import { PlayerLoader } from '../player-loader.ts';
import { ShoalChannel } from '../shoal-channel.ts';

/** The engine with everything but a tracker and peers, as `compose.ts` wires it. */
class Player {
  defaultBytes = 0;
  readonly notShared: [reason: string, bytes: number][] = [];
  readonly log: string[] = [];
  readonly host: EngineHost;
  readonly demands: DemandBook;
  readonly #fetches: SegmentFetches;
  readonly #loader: ReturnType<typeof createFragmentLoader>;

  constructor() {
    const engine = new SwarmEngine({
      plain: plainSharing,
      shares: true,
      uploadLimit: undefined,
      random: seededRandom(1),
      sha256,
    });
    const nothing = (): void => {};
    this.host = new EngineHost({
      engine,
      now: () => performance.now(),
      onFailure: (cause) => {
        throw cause;
      },
      run: (effect) => {
        runEffect(effect, {
          fetches: this.#fetches,
          demands: this.demands,
          tracker: { connect: nothing, disconnect: nothing, send: nothing },
          links: { connect: nothing, signal: nothing, send: nothing, disconnect: nothing },
          report: nothing,
        });
      },
    });
    this.demands = new DemandBook(this.host);
    this.#fetches = new SegmentFetches({
      fetch,
      now: () => performance.now(),
      input: (input) => {
        this.host.input(input);
      },
      onTransfer: nothing,
    });
    this.#loader = createFragmentLoader({
      source: this.demands,
      onDefaultBytes: (bytes) => (this.defaultBytes += bytes),
      onNotShared: (reason, bytes) => this.notShared.push([reason, bytes]),
      whyUnknown: (playlist) => (playlist.includes('plain') ? 'no-digests' : undefined),
      httpBitsPerSecond: () => undefined,
    });
  }

  stop(): void {
    this.host.stop();
    this.#fetches.abortAll();
  }

  /** Loads as hls.js does: a new loader, one load, and what came of it. */
  load(url: string, how: Partial<FragmentLoaderContext> = {}, maxLoadTimeMs = 10_000): Load {
    // hls.js hands its whole configuration over; of it only `loader` is read.
    const loader = new this.#loader({ loader: PlayerLoader } as unknown as HlsConfig);
    return new Load(loader, context(url, how), maxLoadTimeMs);
  }
}

class Load {
  outcome: string | undefined;
  data: ArrayBuffer | undefined;
  code: number | undefined;
  readonly loader: Loader<FragmentLoaderContext>;

  constructor(
    loader: Loader<FragmentLoaderContext>,
    loadContext: FragmentLoaderContext,
    maxLoadTimeMs: number,
  ) {
    this.loader = loader;
    const settle = (outcome: string): void => {
      expect(this.outcome).toBeUndefined();
      this.outcome = outcome;
    };
    const callbacks: LoaderCallbacks<FragmentLoaderContext> = {
      onSuccess: ({ data }, stats) => {
        settle('success');
        expect(stats).toBe(loader.stats);
        if (data instanceof ArrayBuffer) this.data = data;
      },
      onError: ({ code }) => {
        settle('error');
        this.code = code;
      },
      onTimeout: () => {
        settle('timeout');
      },
      onAbort: () => {
        settle('abort');
      },
    };
    loader.load(loadContext, configuration(maxLoadTimeMs), callbacks);
    // Whoever answers within load() makes hls.js go round in circles.
    expect(this.outcome).toBeUndefined();
  }

  async settled(): Promise<string | undefined> {
    await vi.waitFor(
      () => {
        expect(this.outcome).toBeDefined();
      },
      { timeout: 5_000, interval: 2 },
    );
    return this.outcome;
  }
}

function context(url: string, how: Partial<FragmentLoaderContext>): FragmentLoaderContext {
  return {
    url,
    type: LoaderContextType.MEDIA_FRAGMENT,
    frag: fragment(1),
    part: null,
    responseType: 'arraybuffer',
    rangeStart: 0,
    rangeEnd: 0,
    ...how,
  };
}

function configuration(maxLoadTimeMs: number): LoaderConfiguration {
  const loadPolicy = {
    maxTimeToFirstByteMs: 50,
    maxLoadTimeMs,
    timeoutRetry: null,
    errorRetry: null,
  };
  // The rest is deprecated.
  return { loadPolicy } as LoaderConfiguration;
}

function fragment(sn: Fragment['sn'], bitrateTest = false): Fragment {
  const made = new Fragment(PlaylistLevelType.MAIN, '');
  made.sn = sn;
  made.bitrateTest = bitrateTest;
  return made;
}

const channel = new ShoalChannel(3, 100_000);
let origin: HttpOrigin;
let player: Player;
let answer: (...args: Parameters<ShoalChannel['answer']>) => void;

beforeEach(async () => {
  PlayerLoader.made = [];
  answer = (request, response) => {
    channel.answer(request, response);
  };
  origin = await startOrigin((request, response) => {
    answer(request, response);
  });
  player = new Player();
  const playlist = readPlaylist(channel.playlist, origin.url + channel.playlistPath);
  if (playlist === undefined) throw new Error('no tags');
  player.host.input(playlist);
});

afterEach(async () => {
  player.stop();
  await origin.close();
});

describe('loading a fragment that the engine knows', () => {
  it('SWM-1 gets it from the engine, over HTTP when there are no peers, in a buffer of its own', async () => {
    const load = player.load(origin.url + channel.path(0));
    expect(await load.settled()).toBe('success');
    expect(load.data?.byteLength).toBe(100_000);
    expect(
      Buffer.from(load.data ?? new ArrayBuffer(0)).equals(channel.bodies[0] ?? Buffer.of()),
    ).toBe(true);
    expect(PlayerLoader.made).toHaveLength(0);
    expect(player.host.stats().httpBytes).toBe(100_000);
    expect(load.loader.stats).toMatchObject({ loaded: 100_000, total: 100_000, aborted: false });
  });

  it('gets a second one that is a copy, though the first was taken away by a worker', async () => {
    const first = player.load(origin.url + channel.path(0));
    await first.settled();
    structuredClone(first.data, { transfer: first.data === undefined ? [] : [first.data] });
    const second = player.load(origin.url + channel.path(0));
    expect(await second.settled()).toBe('success');
    expect(second.data?.byteLength).toBe(100_000);
  });

  it('answers from memory only in a later task, so that no loop of microtasks can freeze the page', async () => {
    await player.load(origin.url + channel.path(0)).settled();
    const load = player.load(origin.url + channel.path(0));
    for (let i = 0; i < 1_000; i++) await Promise.resolve();
    expect(load.outcome).toBeUndefined();
    expect(await load.settled()).toBe('success');
  });

  it('says nothing after an abort but that, and not even that after a destroy', async () => {
    const aborted = player.load(origin.url + channel.path(0));
    aborted.loader.abort();
    aborted.loader.destroy();
    const destroyed = player.load(origin.url + channel.path(1));
    destroyed.loader.destroy();
    const other = player.load(origin.url + channel.path(2));
    await other.settled();
    expect(aborted.outcome).toBe('abort');
    expect(aborted.loader.stats.aborted).toBe(true);
    expect(destroyed.outcome).toBeUndefined();
  });

  it('can be destroyed by the player from within its own answer', async () => {
    const load = player.load(origin.url + channel.path(0));
    await load.settled();
    load.loader.destroy();
    load.loader.abort();
    expect(load.outcome).toBe('success');
  });

  it('times out when the load policy says so, whatever the time to the first byte', async () => {
    answer = () => {};
    const before = performance.now();
    const load = player.load(origin.url + channel.path(0), {}, 300);
    expect(await load.settled()).toBe('timeout');
    expect(performance.now() - before).toBeGreaterThan(250);
  });

  it('SWM-8 goes to the loader of the player when the engine stops, and so do all after it', async () => {
    answer = () => {};
    const load = player.load(origin.url + channel.path(0));
    player.stop();
    answer = (request, response) => {
      channel.answer(request, response);
    };
    player.demands.fallBackAll();
    expect(await load.settled()).toBe('success');
    const later = player.load(origin.url + channel.path(1));
    expect(await later.settled()).toBe('success');
    expect(PlayerLoader.made).toHaveLength(2);
    expect(player.defaultBytes).toBe(200_000);
    expect(load.loader.stats.loading.end).toBeGreaterThan(load.loader.stats.loading.start);
  });

  it('takes 32 at a time; those beyond go to the loader of the player', () => {
    answer = () => {};
    const loads = Array.from({ length: 34 }, () => player.load(origin.url + channel.path(0)));
    expect(PlayerLoader.made).toHaveLength(2);
    for (const { loader } of loads) loader.destroy();
  });
});

describe('loading a segment of a playlist without digests', () => {
  it('SWM-30 a segment that is a byte range of a larger resource comes from the engine', async () => {
    player.host.input({
      type: 'plain-playlist',
      channel: channelId('plain'),
      rendition: renditionId(),
      ended: true,
      segments: [
        {
          id: { rendition: renditionId(), epoch: 1, msn: 0 },
          url: origin.url + channel.path(0),
          within: { from: 20_000, to: 60_000 },
          durationMs: 2_000,
        },
      ],
    });
    const whole = player.load(origin.url + channel.path(0));
    expect(await whole.settled()).toBe('success');
    expect(player.notShared).toEqual([['unknown', 100_000]]);
    PlayerLoader.made = [];
    const range = { rangeStart: 20_000, rangeEnd: 60_000 };
    const load = player.load(origin.url + channel.path(0), range);
    expect(await load.settled()).toBe('success');
    expect(PlayerLoader.made).toHaveLength(0);
    const expected = channel.bodies[0]?.subarray(20_000, 60_000);
    expect(Buffer.compare(new Uint8Array(load.data ?? []), expected ?? Buffer.of())).toBe(0);
  });
});

describe('loading anything else', () => {
  it('says why it does not go through the swarm', async () => {
    const url = `${origin.url + channel.path(0)}?other`;
    const of = (playlist: string, type = PlaylistLevelType.MAIN): Fragment => {
      const made = new Fragment(type, playlist);
      made.sn = 1;
      return made;
    };
    const loads: Partial<FragmentLoaderContext>[] = [
      { frag: fragment('initSegment') },
      { frag: fragment(1, true) },
      { frag: of('plain.m3u8') },
      { frag: of('plain.m3u8'), rangeEnd: 10 },
      { frag: of('tagged.m3u8'), rangeEnd: 10 },
      { frag: of('tagged.m3u8', PlaylistLevelType.AUDIO) },
      { frag: of('tagged.m3u8') },
    ];
    for (const how of loads) await player.load(url, how).settled();
    expect(player.notShared.map(([reason]) => reason)).toEqual([
      ...['init', 'bandwidth-test', 'no-digests', 'no-digests', 'byte-range', 'other-track'],
      'unknown',
    ]);
    answer = () => {};
    const given = player.load(origin.url + channel.path(1));
    player.stop();
    answer = (request, response) => {
      channel.answer(request, response);
    };
    player.demands.fallBackAll();
    await given.settled();
    expect(player.notShared.at(-1)).toEqual(['given-up', 100_000]);
  });

  it.each<[string, Partial<FragmentLoaderContext>]>([
    ['a byte range', { rangeStart: 0, rangeEnd: 1_000 }],
    ['an initialisation section', { frag: fragment('initSegment') }],
    ['a measurement of bandwidth', { frag: fragment(1, true) }],
  ])('%s of a known segment is left to the loader of the player', async (_, how) => {
    const load = player.load(origin.url + channel.path(0), how);
    expect(await load.settled()).toBe('success');
    expect(PlayerLoader.made).toHaveLength(1);
    expect(load.loader.getCacheAge?.()).toBe(3);
  });

  it('counts the bytes of media segments, and only of those', async () => {
    const known = origin.url + channel.path(0);
    await player.load(known, { frag: fragment('initSegment') }).settled();
    expect(player.defaultBytes).toBe(0);
    await player.load(`${known}?other`).settled();
    expect(player.defaultBytes).toBe(100_000);
  });

  it('passes errors, aborts and destruction through', async () => {
    const failing = player.load(`${origin.url}/nowhere.m4s`);
    expect(await failing.settled()).toBe('error');
    expect(failing.code).toBe(404);
    answer = () => {};
    const aborted = player.load(`${origin.url}/other.m4s`);
    aborted.loader.abort();
    expect(aborted.outcome).toBe('abort');
    aborted.loader.destroy();
    expect(PlayerLoader.made.at(-1)?.destroyed).toBe(true);
  });
});
