import { describe, expect, it } from 'vitest';
import {
  type BroadcastInfo,
  parseAbout,
  parseBroadcasts,
  withTransition,
} from '@shoal/demo/shared-ui/service-api';
import { whenText } from '@shoal/demo/shared-ui/when-text';
import { withBroadcast } from '@shoal/demo/viewer/about';
import { phaseOf } from '@shoal/demo/viewer/phase';

const NOW = new Date(2026, 10, 27, 21, 0).getTime();
const ended = new Date(2026, 10, 27, 20, 15).getTime();
const over = { id: 'b', state: 'complete', title: 'The keel', endedAt: ended };
const broadcasts = (...list: readonly object[]): readonly BroadcastInfo[] =>
  parseBroadcasts({ broadcasts: list });

describe('what the watch page says of broadcasts', () => {
  it('says what was on, and until when, while nothing is', () => {
    const phase = withBroadcast(phaseOf('ended', 'closed'), broadcasts(over), NOW);
    expect(phase).toMatchObject({ type: 'waiting', title: 'The channel is off the air' });
    expect(phase.type === 'waiting' && phase.detail).toContain(
      `“The keel” was live until ${whenText(ended, NOW)}.`,
    );
    const nameless = broadcasts({ ...over, title: '' });
    const other = withBroadcast(phaseOf('idle', 'closed'), nameless, NOW);
    expect(other.type === 'waiting' && other.detail).toContain('The last broadcast was live until');
  });

  it('leaves the words as they are where there was none, or the server is away', () => {
    for (const news of ['idle', 'ended'] as const) {
      const phase = phaseOf(news, 'closed');
      expect(withBroadcast(phase, [], NOW)).toBe(phase);
    }
    const phase = phaseOf('unreachable', 'closed');
    expect(withBroadcast(phase, broadcasts(over), NOW)).toBe(phase);
  });

  it('names the broadcast that is interrupted', () => {
    const now = broadcasts({ id: 'c', state: 'interrupted', title: 'The mast' }, over);
    const phase = withBroadcast(phaseOf('interrupted', 'stalled'), now, NOW);
    expect(phase.type === 'playing' && phase.notice).toMatch(/^“The mast”: The streamer lost/);
    const playing = phaseOf('live', 'playing');
    expect(withBroadcast(playing, now, NOW)).toBe(playing);
  });

  it('BRD-4 follows what is told of broadcasts, without asking', () => {
    const told = (list: readonly BroadcastInfo[], state: string, at: number) =>
      withTransition(list, { broadcast: 'c', state, title: 'The mast' }, at);
    const before = broadcasts(over);
    const live = told(before, 'live', NOW);
    expect(live.map(({ id, state }) => [id, state])).toEqual([
      ['c', 'live'],
      ['b', 'complete'],
    ]);
    const ends = told(told(live, 'interrupted', NOW + 1), 'complete', NOW + 2);
    expect(ends[0]).toMatchObject({ startedAt: NOW, endedAt: NOW + 2, title: 'The mast' });
    expect(told(ends, 'archived', NOW + 3)[0]).toMatchObject({ endedAt: NOW + 2 });
    // What was taken down is of no interest.
    expect(told(ends, 'revoked', NOW + 4)).toEqual(before);
    expect(withTransition(before, { state: 7 }, NOW)).toBe(before);
  });

  it('says the day where it is another one', () => {
    expect(whenText(ended - 86_400_000, NOW)).toContain('26');
  });

  it('reads what the service says, and leaves out what cannot be read', () => {
    expect(parseAbout({ title: 'T', category: 5, tags: ['a', 1] })).toEqual({
      ...{ title: 'T', category: '', tags: ['a'] },
    });
    expect(broadcasts({ id: 'x' }, over).map(({ id }) => id)).toEqual(['b']);
    expect(parseBroadcasts(null)).toEqual([]);
  });
});
