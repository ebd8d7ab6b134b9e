import { describe, expect, it } from 'vitest';
import { helpText, OPTIONS } from '../../../../server/src/cli/flags.ts';
import { readOriginCommand } from '../../../../server/src/cli/options.ts';

const REDIS = 'redis://127.0.0.1:6379';
const KEYS = {
  SHOAL_ORIGIN_S3_ACCESS_KEY_ID: 'id',
  SHOAL_ORIGIN_S3_SECRET_ACCESS_KEY: 'secret',
};

function read(args: readonly string[], env: Readonly<Record<string, string>> = {}): unknown {
  const command = readOriginCommand({ args, env });
  return command.ok ? command.value : command.error;
}

describe('the command line of shoal-origin', () => {
  it('has defaults: everything in one process', () => {
    expect(read([])).toEqual({
      ...{ type: 'origin', showKeys: false, json: false },
      origin: {
        ...{ http: { host: '0.0.0.0', port: 8080 }, rtmp: { host: '0.0.0.0', port: 1935 } },
        ...{ dataDir: './.shoal', channels: [{ channel: 'demo' }], segmentSeconds: 2 },
        ...{ lowLatency: false, logLevel: 'warn' },
      },
    });
  });

  it('reads every option of an ingest, by flag or variable, the flag first', () => {
    const args = [
      ...['ingest', '--redis', REDIS, '--channels', 'a, b', '--ladder', 'off', '--low-latency'],
      ...['--http-port', '1', '--rtmp-port', '2', '--rtmps-port', '3', '--srt-port', '4'],
      ...[
        '--tls-cert',
        'c.pem',
        '--tls-key',
        'k.pem',
        '--record',
        '/media',
        '--show-keys',
        '--json',
      ],
      ...['--dvr-seconds', '90', '--keep-hours', '0.5', '--segment-seconds', '1', '--pages', '/p'],
    ];
    expect(
      read(args, {
        SHOAL_ORIGIN_HTTP_PORT: '9',
        SHOAL_ORIGIN_DATA_DIR: '/d',
        SHOAL_ORIGIN_HOST: '',
      }),
    ).toEqual({
      ...{ type: 'origin', showKeys: true, json: true },
      origin: {
        http: { host: '0.0.0.0', port: 1, tls: { certFile: 'c.pem', keyFile: 'k.pem' } },
        rtmp: { host: '0.0.0.0', port: 2 },
        rtmps: { host: '0.0.0.0', port: 3, certFile: 'c.pem', keyFile: 'k.pem' },
        srt: { host: '0.0.0.0', port: 4 },
        ...{ dataDir: '/d', channels: [{ channel: 'a' }, { channel: 'b' }], segmentSeconds: 1 },
        ...{ lowLatency: true, ladder: [], redis: REDIS, staticDir: '/p', logLevel: 'warn' },
        recording: { store: { type: 'disk', folder: '/media' }, dvrSeconds: 90, keepHours: 0.5 },
      },
    });
  });

  it('reads a delivery with a bucket, whose keys are in variables alone', () => {
    const args = [
      ...['delivery', '--s3-bucket', 'media', '--s3-endpoint', 'https://s3.example'],
      ...['--s3-path-style', '--s3-prefix', 'shoal', '--cache-mib', '64'],
    ];
    expect(read(args, { ...KEYS, SHOAL_ORIGIN_REDIS: REDIS, SHOAL_ORIGIN_RTMP_PORT: '5' })).toEqual(
      {
        ...{ type: 'delivery', json: false },
        delivery: {
          ...{ http: { host: '0.0.0.0', port: 8080 }, redis: REDIS, logLevel: 'warn' },
          cacheBytes: 67_108_864,
          store: {
            ...{ type: 's3', endpoint: 'https://s3.example', region: 'us-east-1', bucket: 'media' },
            ...{ prefix: 'shoal', pathStyle: true, accessKeyId: 'id', secretAccessKey: 'secret' },
          },
        },
      },
    );
  });

  it('names all that is wrong, and shows no secret', () => {
    expect(
      read(['delivery', '--rtmp-port', '1', '--s3-bucket', 'b'], {
        SHOAL_ORIGIN_S3_SECRET_ACCESS_KEY: 'hush',
      }),
    ).toEqual([
      '--rtmp-port is no option of delivery',
      'delivery needs --redis',
      '--s3-bucket needs --s3-endpoint',
      '--s3-bucket needs the variable SHOAL_ORIGIN_S3_ACCESS_KEY_ID',
    ]);
    expect(
      read(['ingest', '--tls-cert', 'c', '--http-port', 'x', '--channels', 'no spaces!']),
    ).toEqual([
      '--tls-cert and --tls-key belong together',
      '--http-port must be a number: x',
      expect.stringContaining('--channels: no spaces!') as string,
      'ingest needs --redis',
    ]);
    expect(read(['viewer'])).toEqual(['there is no role viewer, but all, ingest, delivery']);
    expect(read(['ingest', 'delivery'])).toEqual([
      'a process has one role, not ingest and delivery',
    ]);
    expect(read(['--nope'])).toEqual([expect.stringContaining('--nope') as string]);
    expect(read(['--log-level', 'loud', '--ladder', 'x', '--rtmps-port', '1'])).toHaveLength(3);
    expect(read(['--record', 'a', '--s3-bucket', 'b', '--s3-endpoint', 'c'], KEYS)).toEqual([
      'either --record or --s3-bucket',
    ]);
  });

  it('lists every option in its help', () => {
    expect(read(['delivery', '--help'])).toEqual({ type: 'help' });
    for (const { flag } of Object.values(OPTIONS)) expect(helpText()).toContain(`--${flag}`);
  });

  it('ORG-41: a site that is asked who may publish, and play; its token comes from the environment alone', () => {
    const env = { SHOAL_ORIGIN_AUTH_TOKEN: 'secret' };
    const url = 'https://site.example.org/auth';
    expect(read(['--auth-url', url, '--channels='], env)).toMatchObject({
      origin: { channels: [] },
      auth: { url, token: 'secret', actions: ['publish'] },
    });
    expect(read(['--auth-url', url, '--auth-play'])).toMatchObject({
      auth: { url, actions: ['publish', 'read'] },
    });
    expect(read(['delivery', '--redis', REDIS, '--auth-url', url])).toMatchObject({
      auth: { url, actions: ['read'] },
    });
    expect(read(['--auth-play'])).toEqual(['--auth-play needs --auth-url']);
  });
});
