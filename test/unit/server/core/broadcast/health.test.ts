import { describe, expect, it } from 'vitest';
import { BROADCAST_LIMITS, healthKey, healthOf, PlaybackReports } from '@shoal/server/core';
import { channelId } from '../../../../support/builders.ts';

const CHANNEL = channelId();
const FINE = { stalls: 0, errors: 0 };
const STALLS = { stalls: 2, errors: 0 };
const NOBODY = { viewers: 0, troubled: 0 };

function issue(type: string, severity: 'info' | 'warning' | 'error') {
  return { type, severity, reason: 'r', description: 'd' };
}

describe('the health of a stream', () => {
  it('HLT-1 is as bad as its worst issue, or as the origin says', () => {
    expect(healthOf(undefined, NOBODY)).toEqual({ status: 'good', issues: [] });
    const info = { status: 'good', issues: [issue('a', 'info')] } as const;
    expect(healthOf(info, NOBODY).status).toBe('good');
    const warned = { status: 'good', issues: [issue('a', 'warning')] } as const;
    expect(healthOf(warned, NOBODY).status).toBe('ok');
    expect(healthOf({ status: 'bad', issues: [] }, NOBODY).status).toBe('bad');
  });

  it('HLT-2 has an issue where a quarter of the viewers have trouble, a bad one where half have', () => {
    const of = (viewers: number, troubled: number): readonly string[] =>
      healthOf(undefined, { viewers, troubled }).issues.map((found) => found.severity);
    expect(of(8, 1)).toEqual([]);
    expect(of(8, 2)).toEqual(['warning']);
    expect(of(8, 4)).toEqual(['error']);
    // Two are too few to say something about the stream.
    expect(of(2, 2)).toEqual([]);
    expect(healthOf(undefined, { viewers: 4, troubled: 3 })).toMatchObject({
      status: 'bad',
      issues: [{ type: 'viewersStall', description: expect.stringContaining('75 %') as unknown }],
    });
  });

  it('HLT-3 is another one when its status or the kinds of its issues change', () => {
    const key = healthKey({ status: 'ok', issues: [issue('b', 'warning'), issue('a', 'info')] });
    expect(healthKey({ status: 'ok', issues: [issue('a', 'info'), issue('b', 'warning')] })) //
      .toBe(key);
    expect(healthKey({ status: 'bad', issues: [issue('a', 'info'), issue('b', 'error')] })) //
      .not.toBe(key);
    expect(healthKey({ status: 'ok', issues: [issue('a', 'info')] })).not.toBe(key);
  });
});

describe('what viewers say of playback', () => {
  it('HLT-2 counts each connection once, for a minute', () => {
    const reports = new PlaybackReports();
    const [one, two] = [{}, {}];
    reports.take(CHANNEL, { viewer: one, report: STALLS }, 0);
    reports.take(CHANNEL, { viewer: one, report: FINE }, 1_000);
    reports.take(CHANNEL, { viewer: two, report: FINE }, 1_000);
    expect(reports.share(CHANNEL, 2_000)).toEqual({ viewers: 2, troubled: 1 });
    expect(reports.share(channelId('other'), 2_000)).toEqual(NOBODY);
    // Its trouble is a minute ago, but it is still there.
    expect(reports.share(CHANNEL, BROADCAST_LIMITS.playbackMs)).toEqual({
      ...{ viewers: 2, troubled: 0 },
    });
    expect(reports.share(CHANNEL, BROADCAST_LIMITS.playbackMs + 1_000)).toEqual(NOBODY);
  });

  it('HLT-2 remembers so many viewers and channels, and lets go of those who are silent', () => {
    const reports = new PlaybackReports();
    const { playbackViewers, playbackChannels, playbackMs } = BROADCAST_LIMITS;
    for (let i = 0; i <= playbackViewers; i++)
      reports.take(CHANNEL, { viewer: {}, report: STALLS }, 0);
    expect(reports.share(CHANNEL, 1).viewers).toBe(playbackViewers);
    reports.take(CHANNEL, { viewer: {}, report: FINE }, playbackMs);
    expect(reports.share(CHANNEL, playbackMs)).toEqual({ viewers: 1, troubled: 0 });
    const say = (name: string, at: number): void => {
      reports.take(channelId(name), { viewer: {}, report: FINE }, at);
    };
    for (let i = 1; i < playbackChannels; i++) say(`c${i}`, playbackMs);
    say('one-more', playbackMs);
    expect(reports.share(channelId('one-more'), playbackMs).viewers).toBe(0);
    say('later', 2 * playbackMs);
    expect(reports.share(channelId('later'), 2 * playbackMs).viewers).toBe(1);
  });
});
