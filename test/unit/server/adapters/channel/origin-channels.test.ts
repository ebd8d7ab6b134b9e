import { type ChannelId, parseChannelId, unwrap } from '@shoal/protocol';
import { Channel, FRESH_STATE } from '@shoal/server/core';
import { expect, it } from 'vitest';
import { ChannelHost } from '../../../../../server/src/adapters/channel/channel-host.ts';
import { PlaylistVersions } from '../../../../../server/src/adapters/channel/live-objects.ts';
import { OriginChannels } from '../../../../../server/src/adapters/channel/origin-channels.ts';
import { createMemoryBus } from '../../../../../server/src/adapters/bus/memory.ts';
import { createMemoryStore } from '../../../../../server/src/adapters/storage/memory-store.ts';
import { sha256 } from '../../../../support/sha256.ts';

const id = (name: string): ChannelId => unwrap(parseChannelId(name));

type Scene = {
  readonly channels: OriginChannels;
  readonly hosts: ReadonlyMap<ChannelId, ChannelHost>;
  readonly removed: readonly ChannelId[];
  now: number;
};

/** Channels of an origin that has room for three, one of which is configured. */
function scene(recorded: ReadonlySet<string> = new Set()): Scene {
  const hosts = new Map<ChannelId, ChannelHost>();
  const removed: ChannelId[] = [];
  const scene = { hosts, removed, now: 1_000 };
  const now = (): number => scene.now;
  const open = (channel: ChannelId): ChannelHost => {
    const options = {
      ...{ channel, ladder: [], segmentMs: 2_000, listedSegments: 6, keptSegments: 5 },
      ...{ interruptedMs: 0, closeAfterMs: 0, sha256 },
    };
    return new ChannelHost(channel, new Channel(options, FRESH_STATE, now()), {
      ...{ now, store: createMemoryStore(), versions: new PlaylistVersions() },
      bus: createMemoryBus(() => undefined),
      onPlaylist: () => undefined,
      save: () => undefined,
      startEncoder: () => {
        throw new Error('nothing is encoded');
      },
      publisher: { pause: () => undefined, resume: () => undefined, drop: () => undefined },
      note: () => undefined,
    });
  };
  const channels = new OriginChannels(
    hosts,
    { configured: [id('own')], dynamic: true, most: 3, listedSegments: 6 },
    {
      open,
      states: { load: () => FRESH_STATE, remove: (channel) => removed.push(channel) },
      signing: { add: () => undefined, remove: () => undefined },
      recordings: {
        open: () => Promise.resolve(),
        of: () => ({}),
        giveUp: () => Promise.resolve(),
        list: (channel) =>
          recorded.has(channel) ? [{ broadcast: 1, state: 'ended', startedAt: 0 } as never] : [],
      },
      mirror: undefined,
      log: { info: () => undefined, warn: () => undefined },
    },
  );
  channels.begin(id('own'));
  return Object.assign(scene, { channels });
}

async function take(of: Scene, name: string, publishes = false): Promise<boolean> {
  of.now += 1_000;
  return of.channels.take(id(name), (host) => {
    if (publishes) host.publish(of.now);
  });
}

it('ORG-38: where there is no room, the channel that is idle longest is given up, and is there again when it is wanted', async () => {
  const s = scene();
  expect(await take(s, 'a')).toBe(true);
  expect(await take(s, 'b')).toBe(true);
  expect(await take(s, 'c')).toBe(true);
  expect([...s.hosts.keys()]).toEqual(['own', 'b', 'c']);
  expect(await take(s, 'a')).toBe(true);
  expect([...s.hosts.keys()]).toEqual(['own', 'c', 'a']);
  await s.channels.close();
  expect(s.removed).toEqual(['a', 'b']);
  expect(await take(s, 'd')).toBe(false);
});

it('ORG-38: those that are live, recorded or configured stay; then there is no room', async () => {
  const s = scene(new Set(['b']));
  expect(await take(s, 'a', true)).toBe(true);
  expect(await take(s, 'b')).toBe(true);
  expect(await take(s, 'c')).toBe(false);
  expect([...s.hosts.keys()]).toEqual(['own', 'a', 'b']);
  s.hosts.get(id('a'))?.unpublish(s.hosts.get(id('a'))?.core.status().since ?? 0, 'gone');
});

it('ORG-38: two who ask for the same at the same time get the same', async () => {
  const s = scene();
  const got: ChannelHost[] = [];
  const use = (host: ChannelHost): void => void got.push(host);
  await Promise.all([s.channels.take(id('a'), use), s.channels.take(id('a'), use)]);
  expect(got).toHaveLength(2);
  expect(got[0]).toBe(got[1]);
});
