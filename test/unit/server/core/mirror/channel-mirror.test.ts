import { describe, expect, it } from 'vitest';
import { ChannelMirror, type LiveObject, type MirrorWrite } from '@shoal/server/core';
import { channelId } from '../../../../support/builders.ts';
import { seededRandom } from '../../../../support/seeded-random.ts';

const LIST = '/live/demo/source/index.m3u8';
const segment = (msn: number): string => `/live/demo/source/1700000000-${msn}.m4s`;

function object(text: string): LiveObject {
  return { bytes: Buffer.from(text), contentType: 'a/b', etag: `"${text}"`, cacheControl: '' };
}

/** What is written elsewhere, which must at all times have what its playlists name. */
class Elsewhere {
  readonly media = new Map<string, string>();
  readonly lists = new Map<string, string>();
  readonly events: string[] = [];
  seq = 0;

  write(writes: readonly MirrorWrite[]): void {
    for (const write of writes) {
      if (write.type === 'media') this.media.set(write.path, Buffer.from(write.bytes).toString());
      else if (write.type === 'drop-media') this.media.delete(write.path);
      else if (write.type === 'event') this.events.push(write.event.type);
      else {
        expect(write.seq).toBe(this.seq + 1);
        this.seq = write.seq;
        if (write.type === 'list') {
          if (write.list === undefined) this.lists.delete(write.path);
          else this.lists.set(write.path, Buffer.from(write.list.bytes).toString());
        }
      }
      for (const list of this.lists.values())
        for (const path of list.split(' ')) expect(this.media.has(path), path).toBe(true);
    }
  }

  get found(): ReadonlySet<string> {
    return new Set([...this.media.keys(), ...this.lists.keys()]);
  }
}

describe('a mirrored channel', () => {
  it('ORG-31 nothing is written before it is known what is there, then media before the playlists', () => {
    const mirror = new ChannelMirror();
    mirror.put(LIST, object(segment(1)));
    mirror.put(segment(1), object('one'));
    expect(mirror.take()).toEqual([]);
    mirror.begin(new Set(), 0);
    expect(mirror.take().map(({ type }) => type)).toEqual(['media', 'list']);
    expect(mirror.take()).toEqual([]);
  });

  it('ORG-32 media that is there already is not written again', () => {
    const mirror = new ChannelMirror();
    mirror.put(segment(1), object('one'));
    mirror.put(segment(2), object('two'));
    mirror.put(LIST, object(`${segment(1)} ${segment(2)}`));
    mirror.begin(new Set([segment(1), LIST]), 0);
    expect(mirror.take().map((write) => ('path' in write ? write.path : ''))).toEqual([
      ...[segment(2), LIST],
    ]);
  });

  it('ORG-31 only the newest version of a playlist waits, after what it names', () => {
    const mirror = new ChannelMirror();
    mirror.begin(new Set(), 0);
    for (let msn = 1; msn <= 50; msn++) {
      mirror.put(segment(msn), object(String(msn)));
      mirror.put(LIST, object(segment(msn)));
    }
    const writes = mirror.take();
    expect(writes).toHaveLength(51);
    expect(writes.at(-1)).toMatchObject({ type: 'list', list: object(segment(50)) });
  });

  it('ORG-31 at no time a playlist names what is not there, however writes fail', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seededRandom(seed);
      const mirror = new ChannelMirror({ mirrorBatchBytes: 20, mirrorWaiting: 60 });
      let there = new Elsewhere();
      const listed: number[] = [];
      for (let step = 0; step < 400; step++) {
        const what = random();
        if (what < 0.3) {
          const msn = step;
          mirror.put(segment(msn), object('0123456789'));
          listed.push(msn);
          const gone = listed.length > 5 ? listed.shift() : undefined;
          const names = listed.map(segment).join(' ');
          for (const name of ['index', 'll'])
            mirror.put(`/live/demo/source/${name}.m3u8`, object(names));
          if (gone !== undefined) mirror.delete(segment(gone));
        } else if (what < 0.35) {
          // The connection went, with or without what was written last.
          mirror.lose();
        } else if (what < 0.37) {
          mirror.lose();
          const { seq } = there;
          there = new Elsewhere();
          there.seq = seq;
        } else if (mirror.synced) there.write(mirror.take());
        else {
          there.seq = mirror.seq;
          mirror.begin(there.found, step);
        }
        mirror.tick(step);
      }
      if (!mirror.synced) {
        there.seq = mirror.seq;
        mirror.begin(there.found, 400);
      }
      while (mirror.waiting > 0) there.write(mirror.take());
      expect(there.lists.get(LIST), `seed ${seed}`).toBe(listed.map(segment).join(' '));
    }
  });

  it('ORG-32 what an earlier process left stays for a minute, and goes then, unless it is there again', () => {
    const mirror = new ChannelMirror();
    const there = new Elsewhere();
    there.media.set(segment(1), 'one');
    there.media.set(segment(2), 'two');
    there.lists.set(LIST, `${segment(1)} ${segment(2)}`);
    mirror.begin(there.found, 1_000);
    mirror.put(segment(2), object('two'));
    mirror.tick(60_999);
    there.write(mirror.take());
    expect([...there.found]).toHaveLength(3);
    mirror.put(LIST, object(segment(2)));
    mirror.tick(61_000);
    there.write(mirror.take());
    expect([...there.found].sort()).toEqual([segment(2), LIST].sort());
  });

  it('ORG-31 what waits has a limit, and then all is written anew', () => {
    const mirror = new ChannelMirror({ mirrorWaiting: 3 });
    mirror.begin(new Set(), 0);
    for (const msn of [1, 2, 3]) mirror.put(segment(msn), object(''));
    expect(mirror.waiting).toBe(3);
    mirror.event({ type: 'stream.online', channel: channelId(), at: 0 });
    expect([mirror.synced, mirror.waiting]).toEqual([false, 0]);
    mirror.put(segment(4), object(''));
    expect(mirror.waiting).toBe(0);
    mirror.begin(new Set(), 0);
  });

  it('ORG-31 a batch has a limit, but for one object alone; events come after what they are about', () => {
    const mirror = new ChannelMirror({ mirrorBatchBytes: 10 });
    mirror.begin(new Set(), 0);
    mirror.put(segment(1), object('longer than ten'));
    mirror.put(segment(2), object('two'));
    mirror.put(segment(3), object('three'));
    mirror.event({ type: 'stream.online', channel: channelId(), at: 0 });
    mirror.put(LIST, object(''));
    mirror.put(segment(4), object('four'));
    const types = (): string[] => mirror.take().map(({ type }) => type);
    expect(types()).toEqual(['media']);
    expect(types()).toEqual(['media', 'media', 'event', 'list']);
    expect(types()).toEqual(['media']);
  });

  it('says how the channel is only when that is another thing', () => {
    const mirror = new ChannelMirror();
    mirror.about('a');
    mirror.begin(new Set(), 0);
    expect(mirror.take()).toEqual([{ type: 'about', text: 'a', seq: 1 }]);
    mirror.about('a');
    expect(mirror.take()).toEqual([]);
    mirror.about('b');
    expect(mirror.take()).toEqual([{ type: 'about', text: 'b', seq: 2 }]);
  });
});
