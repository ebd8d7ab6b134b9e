import { describe, expect, it } from 'vitest';
import {
  FEED_TIMES,
  FeedClient,
  type FeedHandlers,
  feedUrl,
  type FeedNews,
} from '@shoal/demo/shared-ui/feed-client';
import { ManualTimers } from '../../../support/manual-timers.ts';

type Opened = {
  readonly url: URL;
  readonly said: string[];
  readonly tell: (message: object | string) => void;
  readonly drop: () => void;
  isClosed: boolean;
};

const CHOICE = { base: 'http://h:1/x?y#z', channel: 'demo', audience: 'viewers' } as const;

function scene(token?: string, handlers: Partial<FeedHandlers> = {}) {
  const clock = new ManualTimers();
  const opened: Opened[] = [];
  const news: FeedNews[] = [];
  const log: string[] = [];
  const feed = new FeedClient(
    { ...CHOICE, token },
    {
      event: (event) => news.push(event),
      connected: (is) => log.push(is ? 'connected' : 'lost'),
      resync: () => log.push('resync'),
      ...handlers,
    },
    {
      open: (url, on) => {
        const made: Opened = {
          ...{ url: new URL(url), said: [], isClosed: false },
          tell: (message) => {
            on.message(typeof message === 'string' ? message : JSON.stringify(message));
          },
          drop: on.close,
        };
        opened.push(made);
        return {
          send: (text) => made.said.push(text),
          close: () => {
            made.isClosed = true;
          },
        };
      },
      later: clock.later,
      random: () => 0.5,
    },
  );
  const last = (): Opened => {
    const found = opened.at(-1);
    if (found === undefined) throw new Error('nothing was opened');
    return found;
  };
  return { clock, opened, news, log, feed, last };
}

const event = (seq: number, type = 'chat.message') => ({
  ...{ type, id: `e${seq}`, version: 1, at: 5, channel: 'demo', seq, data: { n: seq } },
});

describe('the client of a feed', () => {
  it('asks for its feed where the page is, and says who it is only where it is somebody', () => {
    expect(feedUrl(CHOICE, undefined)).toBe('ws://h:1/v1/events?channel=demo&audience=viewers');
    expect(feedUrl({ ...CHOICE, watches: false }, undefined)).toContain('&watching=0');
    const own = { ...CHOICE, base: 'https://h/', audience: 'streamer', token: 't' } as const;
    expect(feedUrl(own, 7)).toBe(
      'wss://h/v1/events?channel=demo&audience=streamer&token=t&after=7',
    );
  });

  it('has what is shown read once it is there, and tells what comes', () => {
    const { last, log, news } = scene();
    expect(log).toEqual([]);
    last().tell({ type: 'welcome', seq: 3, keepAliveMs: 15_000 });
    expect(log).toEqual(['connected', 'resync']);
    last().tell({ type: 'keepalive', at: 1 });
    last().tell(event(4));
    expect(news).toEqual([{ type: 'chat.message', id: 'e4', seq: 4, at: 5, data: { n: 4 } }]);
  });

  it('FEED-3 comes back by itself after the last event, without anything being read anew', () => {
    const { last, opened, log, clock } = scene();
    last().tell({ type: 'welcome', seq: 3 });
    last().tell(event(4));
    last().drop();
    expect(log.at(-1)).toBe('lost');
    clock.advance(FEED_TIMES.firstPauseMs - 1);
    expect(opened).toHaveLength(1);
    clock.advance(1);
    expect(last().url.searchParams.get('after')).toBe('4');
    last().tell({ type: 'welcome', seq: 9 });
    expect(log.filter((line) => line === 'resync')).toHaveLength(1);
  });

  it('FEED-3 goes on after the welcome where nothing came yet', () => {
    const { last, clock } = scene();
    last().tell({ type: 'welcome', seq: 3 });
    last().drop();
    clock.advance(FEED_TIMES.longestPauseMs);
    expect(last().url.searchParams.get('after')).toBe('3');
  });

  it('FEED-4 has everything read anew where events are lost, and goes on from there', () => {
    const { last, log, clock } = scene();
    last().tell({ type: 'welcome', seq: 3 });
    last().drop();
    clock.advance(FEED_TIMES.longestPauseMs);
    last().tell({ type: 'welcome', seq: 5_000 });
    last().tell({ type: 'resync', seq: 5_000 });
    expect(log.at(-1)).toBe('resync');
    last().drop();
    clock.advance(FEED_TIMES.longestPauseMs);
    expect(last().url.searchParams.get('after')).toBe('5000');
    // Numbers of a database that was begun anew are smaller.
    last().tell({ type: 'resync', seq: 2 });
    last().drop();
    clock.advance(FEED_TIMES.longestPauseMs);
    expect(last().url.searchParams.get('after')).toBe('2');
  });

  it('waits longer each time that it fails, and not after it was there', () => {
    const { last, opened, clock } = scene();
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      const before = opened.length;
      last().drop();
      let waited = 0;
      for (; opened.length === before; waited += 100) clock.advance(100);
      waits.push(waited);
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    last().tell({ type: 'welcome', seq: 0 });
    last().drop();
    const before = opened.length;
    clock.advance(500);
    expect(opened).toHaveLength(before + 1);
  });

  it('comes again when the service asked it to, some time within', () => {
    const { last, opened, clock } = scene();
    last().tell({ type: 'welcome', seq: 0 });
    last().tell({ type: 'reconnect', withinMs: 5_000 });
    last().drop();
    clock.advance(2_499);
    expect(opened).toHaveLength(1);
    clock.advance(1);
    expect(opened).toHaveLength(2);
  });

  it('gives a connection up that is silent for longer than two keepalives are apart', () => {
    const { last, opened, clock, log, news } = scene();
    last().tell({ type: 'welcome', seq: 0 });
    clock.advance(FEED_TIMES.silenceMs - 1);
    last().tell({ type: 'keepalive' });
    clock.advance(FEED_TIMES.silenceMs - 1);
    expect(log.at(-1)).toBe('resync');
    const dead = last();
    clock.advance(1);
    expect(dead.isClosed).toBe(true);
    expect(log.at(-1)).toBe('lost');
    clock.advance(FEED_TIMES.longestPauseMs);
    expect(opened).toHaveLength(2);
    // What the dead one says after all is of no interest, nor that it ends.
    dead.tell(event(1));
    dead.drop();
    expect([news.length, opened.length]).toEqual([0, 2]);
  });

  it('says something only while it is there', () => {
    const { last, feed } = scene();
    expect(feed.say({ type: 'playback' })).toBe(false);
    last().tell({ type: 'welcome', seq: 0 });
    expect(feed.say({ type: 'playback' })).toBe(true);
    expect(last().said).toEqual(['{"type":"playback"}']);
  });

  it('takes whatever comes', () => {
    const { last, news } = scene();
    for (const text of ['', 'null', '[]', '7', '{', '{"type":"x"}', '{"type":5,"id":"i"}'])
      last().tell(text);
    expect(news).toEqual([]);
  });

  it('stays away once it is closed', () => {
    const { last, feed, opened, clock } = scene();
    last().tell({ type: 'welcome', seq: 0 });
    feed.close();
    expect(last().isClosed).toBe(true);
    last().drop();
    clock.advance(10 * FEED_TIMES.silenceMs);
    expect(opened).toHaveLength(1);
  });
});
