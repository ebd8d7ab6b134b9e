import { describe, expect, it } from 'vitest';
import {
  type ChannelAbout,
  ChannelView,
  type LiveObject,
  type MirroredList,
  type MirrorMessage,
  type ViewSnapshot,
} from '@shoal/server/core';
import { channelId } from '../../../../support/builders.ts';

const ABOUT: ChannelAbout = {
  status: { channel: channelId(), state: 'live', since: 0, renditions: [] },
  ...{ expectsMedia: true, lowLatency: true, recorded: false },
};
const PATH = '/live/demo/source/ll.m3u8';

function here(etag: string): MirroredList {
  const object: LiveObject = { bytes: Buffer.from(etag), contentType: '', etag, cacheControl: '' };
  return { type: 'here', object };
}

function snapshot(run: number, seq: number, lists: Record<string, MirroredList>): ViewSnapshot {
  return { run, seq, about: ABOUT, lists: new Map(Object.entries(lists)) };
}

function told(run: number, seq: number, list: MirroredList): MirrorMessage {
  return { type: 'list', run, seq, path: PATH, list };
}

describe('a channel as another process tells it', () => {
  it('ORG-33 takes in changes in their order, and what it has seen not again', () => {
    const view = new ChannelView(snapshot(1, 5, { [PATH]: here('a') }));
    expect(view.hear(told(1, 5, here('old')))).toEqual({ type: 'changed', paths: [] });
    expect(view.list(PATH)).toEqual(here('a'));
    expect(view.hear(told(1, 6, here('b')))).toEqual({ type: 'changed', paths: [PATH] });
    expect(view.list(PATH)).toEqual(here('b'));
    expect(
      view.hear({ type: 'about', run: 1, seq: 7, about: { ...ABOUT, recorded: true } }),
    ).toEqual({ type: 'changed', paths: [] });
    expect(view.about.recorded).toBe(true);
  });

  it('ORG-33 finds out what it missed, by the next change or a beat, and whether it is another process', () => {
    const view = new ChannelView(snapshot(1, 5, {}));
    expect(view.hear({ type: 'beat', run: 1, seq: 5 })).not.toBe('missed');
    expect(view.hear({ type: 'beat', run: 1, seq: 6 })).toBe('missed');
    expect(view.hear(told(1, 7, here('b')))).toBe('missed');
    expect(view.hear(told(2, 1, here('b')))).toBe('missed');
    expect(view.list(PATH)).toBeUndefined();
  });

  it('ORG-33 what is read anew replaces everything, unless something newer was heard meanwhile', () => {
    const other = '/live/demo/other/ll.m3u8';
    const view = new ChannelView(snapshot(1, 5, { [PATH]: here('a'), [other]: here('x') }));
    expect(view.replace(snapshot(1, 4, {}))).toEqual([]);
    expect(view.list(PATH)).toEqual(here('a'));
    expect(view.replace(snapshot(1, 9, { [PATH]: here('b') }))).toEqual([PATH, other]);
    expect(view.list(other)).toEqual({ type: 'gone' });
    expect(view.hear(told(1, 10, here('c')))).toEqual({ type: 'changed', paths: [PATH] });
    // A process that began later counts from the beginning.
    expect(view.replace(snapshot(2, 1, { [PATH]: here('c') }))).toEqual([]);
    expect(view.hear(told(2, 2, { type: 'gone' }))).toEqual({ type: 'changed', paths: [PATH] });
  });

  it('ORG-34 a large playlist that was read is kept only while its mark is the same', () => {
    const mark: MirroredList = { type: 'large' };
    const view = new ChannelView(snapshot(1, 5, { [PATH]: mark }));
    const { object } = here('read') as Extract<MirroredList, { type: 'here' }>;
    view.keep(PATH, { type: 'large' }, object);
    expect(view.list(PATH)).toBe(mark);
    view.keep(PATH, mark, object);
    expect(view.list(PATH)).toEqual(here('read'));
    expect(view.hear(told(1, 6, { type: 'large' }))).toEqual({ type: 'changed', paths: [PATH] });
    expect(view.list(PATH)).toEqual({ type: 'large' });
  });
});
