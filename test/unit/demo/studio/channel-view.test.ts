import { describe, expect, it } from 'vitest';
import type { ChannelState, ChannelStatus } from '@shoal/demo/shared-ui/origin-api';
import { channelView, codecNames } from '@shoal/demo/studio/channel-view';

const source = {
  rendition: 'source',
  codecs: 'avc1.64001f,mp4a.40.2',
  width: 1280,
  height: 720,
  frameRate: 29.97003,
  bitrate: 1_712_000,
};
const view = (state: ChannelState, more: Partial<ChannelStatus> = {}) =>
  channelView(
    {
      type: 'known',
      status: { state, since: 1_000, reason: undefined, renditions: [source], ...more },
    },
    186_000,
  );

describe('the status card of the studio', () => {
  it('says since when the channel is live and what arrives', () => {
    expect(view('live')).toEqual({
      badge: { state: 'live', text: 'Live' },
      headline: 'Live for 3 min 5 s',
      detail: 'Everything is running.',
      video: 'H.264 + AAC',
      picture: '1280 × 720',
      frameRate: '29.97 fps',
      bitrate: '1.7 Mbit/s',
      rungs: '–',
    });
  });

  it('names what is made beside the source', () => {
    const rungs = [
      { ...source, rendition: '480p' },
      { ...source, rendition: '360p' },
    ];
    expect(view('live', { renditions: [source, ...rungs] }).rungs).toBe('480p, 360p');
  });

  it('says so when the publisher is lost, gone or has not come', () => {
    expect(view('interrupted').headline).toBe('Interrupted for 3 min 5 s');
    expect(view('ended')).toMatchObject({ headline: 'The broadcast has ended', picture: '–' });
    expect(view('idle')).toMatchObject({ headline: 'Nobody is publishing yet', video: '–' });
    expect(view('starting').badge).toEqual({ state: 'starting', text: 'Starting' });
  });

  it('shows the reason that the origin gives', () => {
    expect(view('ended', { reason: 'video is not H.264' }).detail).toContain(
      'Reason: video is not H.264.',
    );
  });

  it('does without what the origin does not know', () => {
    const bare = view('live', { since: undefined, renditions: [] });
    expect(bare).toMatchObject({ headline: 'Live', video: '–', bitrate: '–' });
  });

  it('tells an unknown channel from a server that does not answer', () => {
    expect(channelView({ type: 'unknown-channel' }, 0).headline).toBe('There is no such channel');
    expect(channelView({ type: 'unreachable' }, 0).headline).toBe('The server does not answer');
  });

  it('calls codecs by their usual names', () => {
    expect(codecNames('avc1.42c01f')).toBe('H.264');
    expect(codecNames('hvc1.1.6.L93.B0, mp4a.40.29')).toBe('hvc1.1.6.L93.B0 + AAC');
  });
});
