import { parseChannelId, unwrap } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { demoUrls, pageConfig } from '@shoal/demo/app/urls';

const at = {
  publicHost: undefined,
  channel: unwrap(parseChannelId('demo')),
  httpPort: 1,
  trackerPort: 2,
  rtmpPort: 3,
  rtmpsPort: undefined,
  srtPort: undefined,
  adminToken: 'secret',
  overlayToken: 'shown',
};

describe('the addresses of the demo', () => {
  it('are on localhost unless the operator names a host', () => {
    expect(demoUrls(at)).toEqual({
      watch: 'http://localhost:1/',
      studio: 'http://localhost:1/studio/#operator=secret',
      overlay: 'http://localhost:1/overlay/?channel=demo#token=shown',
      api: 'http://localhost:1/v1',
      events: 'ws://localhost:1/v1/events',
      hls: 'http://localhost:1/live/demo/index.m3u8',
      tracker: 'ws://localhost:2/',
      rtmpServer: 'rtmp://localhost:3/live',
    });
    expect(demoUrls({ ...at, publicHost: 'live.example' }).tracker).toBe('ws://live.example:2/');
  });

  it('have RTMPS and SRT where they are taken', () => {
    expect(demoUrls({ ...at, rtmpsPort: 4, srtPort: 5 })).toMatchObject({
      rtmpsServer: 'rtmps://localhost:4/live',
      srtServer: 'srt://localhost:5',
    });
  });

  it('put an IPv6 address into brackets', () => {
    expect(demoUrls({ ...at, publicHost: 'fd00::1' }).watch).toBe('http://[fd00::1]:1/');
  });

  it('tell the pages a host only when one was named', () => {
    expect(pageConfig(at)).toEqual({ channel: 'demo', trackerPort: 2, rtmpPort: 3 });
    expect(pageConfig({ ...at, publicHost: 'x' })).toHaveProperty('publicHost', 'x');
  });
});
