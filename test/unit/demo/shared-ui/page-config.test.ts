import { unwrap } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { endpoints, parsePageConfig } from '@shoal/demo/shared-ui/page-config';

const config = unwrap(parsePageConfig({ channel: 'demo', trackerPort: 8081, rtmpPort: 1935 }));

describe('the configuration of the pages', () => {
  it.each([
    [undefined],
    [null],
    ['text'],
    [{}],
    [{ channel: 'a b', trackerPort: 1, rtmpPort: 1 }],
    [{ channel: 'demo', trackerPort: '8081', rtmpPort: 1 }],
    [{ channel: 'demo', trackerPort: 0, rtmpPort: 1 }],
    [{ channel: 'demo', trackerPort: 1, rtmpPort: 65_536 }],
    [{ channel: 'demo', trackerPort: 1, rtmpPort: 1, publicHost: 5 }],
  ])('refuses %j', (value) => {
    expect(parsePageConfig(value).ok).toBe(false);
  });

  it('takes the host that the page came from', () => {
    expect(endpoints(config, { protocol: 'http:', hostname: '192.168.1.7' })).toEqual({
      tracker: 'ws://192.168.1.7:8081/',
      trackerStatus: 'http://192.168.1.7:8081',
      rtmpServer: 'rtmp://192.168.1.7:1935/live',
    });
  });

  it('prefers the host that the operator named', () => {
    const named = { ...config, publicHost: 'live.example' };
    expect(endpoints(named, { protocol: 'http:', hostname: 'localhost' }).tracker).toBe(
      'ws://live.example:8081/',
    );
  });

  it('uses TLS on a page that came over TLS, and brackets an IPv6 address', () => {
    expect(endpoints(config, { protocol: 'https:', hostname: '[::1]' })).toMatchObject({
      tracker: 'wss://[::1]:8081/',
      trackerStatus: 'https://[::1]:8081',
    });
    const named = { ...config, publicHost: 'fd00::1' };
    expect(endpoints(named, { protocol: 'http:', hostname: 'x' }).tracker).toBe(
      'ws://[fd00::1]:8081/',
    );
  });
});
