import { describe, expect, it } from 'vitest';
import { BROADCAST_STATES, request } from '@shoal/server/core';
import { parseBroadcasts } from '@shoal/demo/shared-ui/service-api';
import { movesOf, sortBroadcasts, stateText, stateWord } from '@shoal/demo/studio/broadcast-view';
import { healthView } from '@shoal/demo/studio/health-view';
import { readTags } from '@shoal/demo/studio/channel-card';

const when = (at: number): string => `at ${at}`;

describe('broadcasts in the studio', () => {
  it.each([true, false])('BRD-2 offers legal moves alone, with a stream: %s', (streamOnline) => {
    for (const state of BROADCAST_STATES)
      for (const { to } of movesOf(state, streamOnline)) {
        const broadcast = {
          ...{ state, autoStart: true, autoStop: true, startedAt: 1, endedAt: undefined },
        };
        const moved = request(broadcast, to, { streamOnline, now: 2 });
        expect([state, to, moved.ok]).toEqual([state, to, true]);
      }
    expect(movesOf('revoked', streamOnline)).toEqual([]);
  });

  it('asks before what ends or hides something', () => {
    for (const state of BROADCAST_STATES)
      for (const { to, sure } of movesOf(state, true))
        expect([to, sure !== undefined]).toEqual([to, ['complete', 'revoked'].includes(to)]);
  });

  it('has words for every state', () => {
    for (const state of BROADCAST_STATES) {
      const text = stateText({ state, startedAt: 3, endedAt: 4 }, when);
      expect(text).toMatch(/^[A-Z].*[.]$/);
      expect(stateWord(state)).toMatch(/^[A-Z]/);
    }
    expect(stateText({ state: 'live', startedAt: 3, endedAt: undefined }, when)) //
      .toBe('Live since at 3.');
  });

  it('shows what is on, what comes, the next one first, and what was', () => {
    const states = ['created', 'ready', 'live', 'complete', 'revoked'];
    const list = parseBroadcasts({ broadcasts: states.map((state) => ({ id: state, state })) });
    const { now, next, past } = sortBroadcasts(list);
    expect(now?.id).toBe('live');
    expect(next.map(({ id }) => id)).toEqual(['ready', 'created']);
    expect(past.map(({ id }) => id)).toEqual(['complete', 'revoked']);
  });
});

describe('the health of a stream in the studio', () => {
  it('HLT-1 is in plain words', () => {
    const view = healthView({
      status: 'bad',
      issues: [
        { type: 'noAudio', severity: 'error', reason: 'r', description: 'There is no sound.' },
        { type: 'x' },
      ],
      viewers: { reporting: 4, troubled: 2 },
    });
    expect(view.headline).toBe('Viewers have trouble');
    expect(view.issues).toEqual([{ severity: 'error', text: 'There is no sound.' }]);
    expect(view.viewers).toMatch(/^2 of 4 viewers/);
    const of = (reporting: number) => healthView({ viewers: { reporting, troubled: 0 } }).viewers;
    expect(of(1)).toBe('One viewer reported in the last minute and had no trouble.');
    expect(of(0)).toBe('');
  });

  it('may be anything', () => {
    for (const value of [null, 5, 'x', { status: 'toString' }, { issues: 7 }])
      expect(healthView(value)).toMatchObject({ issues: [], viewers: '' });
  });
});

it('tags are separated by commas', () => {
  expect(readTags(' wood, boats ,, ')).toEqual(['wood', 'boats']);
});
