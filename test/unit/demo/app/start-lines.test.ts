import { describe, expect, it } from 'vitest';
import { startJson, startLines } from '@shoal/demo/app/start-lines';

const started = {
  urls: {
    watch: 'http://h:1/',
    studio: 'http://h:1/studio/',
    overlay: 'http://h:1/overlay/#token=t',
    api: 'http://h:1/v1',
    events: 'ws://h:1/v1/events',
    hls: 'http://h:1/live/demo/index.m3u8',
    tracker: 'ws://h:2/',
    rtmpServer: 'rtmp://h:3/live',
  },
  streamKey: 'secret',
  pattern: false,
  dataDir: '/data',
};

describe('what is printed at the start', () => {
  it('has every address and the key, for people', () => {
    const text = startLines(started).join('\n');
    for (const part of [...Object.values(started.urls), 'secret', '/data', 'OBS'])
      expect(text).toContain(part);
  });

  it('has the same on one line, for programs', () => {
    const line = startJson(started);
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toMatchObject({
      type: 'started',
      watchUrl: 'http://h:1/',
      overlayUrl: 'http://h:1/overlay/#token=t',
      apiUrl: 'http://h:1/v1',
      eventsUrl: 'ws://h:1/v1/events',
      rtmpServer: 'rtmp://h:3/live',
      streamKey: 'secret',
      pid: process.pid,
    });
  });
});
