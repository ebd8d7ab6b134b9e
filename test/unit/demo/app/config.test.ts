import { describe, expect, it } from 'vitest';
import { parseConfig } from '@shoal/demo/app/config';
import { DEFAULT_LADDER } from '@shoal/server';

const messages = (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): readonly string[] => {
  const result = parseConfig(args, env);
  return result.ok ? [] : result.error.map((problem) => problem.message);
};

describe('the command line of the demo', () => {
  it('has a default for everything', () => {
    expect(parseConfig([], {})).toEqual({
      ok: true,
      value: {
        type: 'run',
        json: false,
        config: {
          httpPort: 8080,
          trackerPort: 8081,
          rtmpPort: 1935,
          rtmps: undefined,
          srtPort: undefined,
          host: '0.0.0.0',
          publicHost: undefined,
          dataDir: './.shoal',
          channel: 'demo',
          pattern: false,
          passthrough: [],
          lowLatency: false,
          rotateSigningKey: false,
          audioRendition: false,
          record: undefined,
          mp4: false,
          storyboard: false,
          patternSize: { width: 1280, height: 720 },
          ladder: DEFAULT_LADDER,
          redis: undefined,
          logLevel: 'warn',
        },
      },
    });
  });

  it('prefers a flag to its variable and a variable to the default', () => {
    const env = { SHOAL_HTTP_PORT: '9000', SHOAL_TRACKER_PORT: '9001', SHOAL_CHANNEL: '' };
    expect(parseConfig(['--http-port', '7000'], env)).toMatchObject({
      value: { config: { httpPort: 7000, trackerPort: 9001, channel: 'demo' } },
    });
  });

  it('makes things of recordings only where there are any', () => {
    expect(messages(['--mp4'])).toEqual(['--mp4 needs --record']);
    expect(messages([], { SHOAL_STORYBOARD: '1' })).toEqual(['--storyboard needs --record']);
    expect(parseConfig(['--mp4', '--record', 'r'], { SHOAL_STORYBOARD: '1' })).toMatchObject({
      value: { config: { record: 'r', mp4: true, storyboard: true } },
    });
  });

  it('takes every option from the environment', () => {
    const env = {
      SHOAL_RTMP_PORT: '0',
      SHOAL_RTMPS_PORT: '1936',
      SHOAL_TLS_CERT: '/c.pem',
      SHOAL_TLS_KEY: '/k.pem',
      SHOAL_SRT_PORT: '9000',
      SHOAL_HOST: '127.0.0.1',
      SHOAL_PUBLIC_HOST: 'live.example',
      SHOAL_DATA_DIR: '/data',
      SHOAL_PATTERN: '1',
      SHOAL_PATTERN_SIZE: '320x180',
      SHOAL_LADDER: 'low:240:300',
      SHOAL_REDIS: 'redis://127.0.0.1:6379',
      SHOAL_LOG_LEVEL: 'silent',
    };
    expect(parseConfig(['--json'], env)).toMatchObject({
      value: {
        json: true,
        config: {
          rtmpPort: 0,
          rtmps: { port: 1936, certFile: '/c.pem', keyFile: '/k.pem' },
          srtPort: 9000,
          host: '127.0.0.1',
          publicHost: 'live.example',
          dataDir: '/data',
          pattern: true,
          passthrough: [],
          lowLatency: false,
          rotateSigningKey: false,
          audioRendition: false,
          record: undefined,
          mp4: false,
          storyboard: false,
          patternSize: { width: 320, height: 180 },
          ladder: [{ name: 'low', lines: 240, kbps: 300 }],
          redis: 'redis://127.0.0.1:6379',
          logLevel: 'silent',
        },
      },
    });
  });

  it('passes what it is told to, and makes the sound a rendition of its own', () => {
    const read = parseConfig(['--passthrough', 'av1,HEVC', '--audio-rendition'], {});
    const wrong = parseConfig(['--passthrough', 'vp9'], {});
    expect(read).toMatchObject({
      value: { config: { passthrough: ['AV1', 'HEVC'], audioRendition: true } },
    });
    expect(wrong).toMatchObject({ ok: false, error: [{ option: 'passthrough' }] });
  });

  it('shares a tracker by Redis only at a port that others can be told', () => {
    expect(messages(['--redis', 'http://x'], {})).toEqual([
      '--redis (SHOAL_REDIS) is "http://x": not a redis:// or rediss:// URL',
    ]);
    expect(messages(['--redis', 'redis://x', '--tracker-port', '0'], {})).toEqual([
      '--redis needs a --tracker-port that others can be told, not 0',
    ]);
  });

  it('names every bad option, as flag and as variable, with what it must be', () => {
    const found = messages(['--http-port', '80800', '--channel', 'a b'], {
      SHOAL_LOG_LEVEL: 'loud',
    });
    expect(found).toEqual([
      '--http-port (SHOAL_HTTP_PORT) is "80800": not a port (0 to 65535)',
      '--channel (SHOAL_CHANNEL) is "a b": not 1-64 characters of A-Z a-z 0-9 _ -',
      '--log-level (SHOAL_LOG_LEVEL) is "loud": not one of silent, error, warn, info, debug',
    ]);
  });

  it.each([
    ['--http-port', '-1'],
    ['--tracker-port', '1e3'],
    ['--rtmp-port', ''],
    ['--host', 'a b'],
    ['--public-host', 'http://x'],
    ['--data-dir', ' '],
    ['--pattern-size', '1281x720'],
    ['--pattern-size', '32x32'],
    ['--srt-port', '0'],
    ['--rtmps-port', '1936'],
    ['--ladder', '480p'],
    ['--ladder', 'a:240:300,a:120:100'],
    ['--ladder', 'odd:241:300'],
    ['--pattern-size', '720p'],
  ])('refuses %s "%s"', (flag, value) => {
    expect(messages([`${flag}=${value}`])).toHaveLength(1);
  });

  it('refuses a flag that does not exist, one without its value, and words that are no flag', () => {
    expect(messages(['--prot'])).toEqual([expect.stringContaining("'--prot'")]);
    expect(messages(['--http-port'])).toHaveLength(1);
    expect(messages(['8080'])).toHaveLength(1);
  });

  it('refuses one port for two things, but any number of free ones', () => {
    expect(messages(['--http-port', '9000', '--rtmp-port', '9000'])).toEqual([
      '--http-port and --rtmp-port are both 9000',
    ]);
    expect(messages(['--http-port=0', '--tracker-port=0', '--rtmp-port=0'])).toEqual([]);
  });

  it('shows the help whatever else is wrong', () => {
    expect(parseConfig(['--help', '--http-port', 'x'], {})).toEqual({
      ok: true,
      value: { type: 'help' },
    });
  });
});
