import { describe, expect, it } from 'vitest';
import { type ChannelNews, isOnAir, phaseOf, type PlayerNews } from '@shoal/demo/viewer/phase';

const CHANNEL: readonly ChannelNews[] = [
  'idle',
  'starting',
  'live',
  'interrupted',
  'ended',
  'unknown-channel',
  'unreachable',
];
const PLAYER: readonly PlayerNews[] = ['closed', 'opening', 'playing', 'stalled', 'ended'];

describe('what the watch page shows', () => {
  it('shows the video and nothing else while it plays, whatever the origin says', () => {
    for (const channel of CHANNEL)
      expect(phaseOf(channel, 'playing')).toEqual({
        type: 'playing',
        live: true,
        notice: undefined,
      });
  });

  it('waits in plain words while there is nothing to play', () => {
    expect(phaseOf('idle', 'closed')).toMatchObject({
      type: 'waiting',
      title: 'The channel is not live yet',
    });
    for (const channel of CHANNEL) expect(phaseOf(channel, 'closed').type).toBe('waiting');
  });

  it('keeps the last picture and says why, when playback stops during an interruption', () => {
    const phase = phaseOf('interrupted', 'stalled');
    expect(phase).toMatchObject({ type: 'playing', live: false });
    expect(phase.type === 'playing' && phase.notice).toContain('lost the connection');
  });

  it('covers the last picture when the broadcast is over', () => {
    expect(phaseOf('ended', 'stalled')).toMatchObject({ title: 'The broadcast has ended' });
    expect(phaseOf('ended', 'ended')).toMatchObject({ title: 'The broadcast has ended' });
  });

  it('says that it is loading only when there is something to load', () => {
    expect(phaseOf('live', 'opening')).toEqual({ type: 'opening' });
    expect(phaseOf('unreachable', 'opening')).toMatchObject({ type: 'waiting' });
  });

  it('has words for every combination', () => {
    for (const channel of CHANNEL)
      for (const player of PLAYER) {
        const phase = phaseOf(channel, player);
        if (phase.type === 'waiting') expect(phase.title.length).toBeGreaterThan(5);
      }
  });

  it('plays a channel that is live or interrupted', () => {
    expect(CHANNEL.filter(isOnAir)).toEqual(['live', 'interrupted']);
  });
});
