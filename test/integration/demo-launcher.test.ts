import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Demo, type DemoConfig, parseConfig, startDemo } from '@shoal/demo';
import { readSwarmTags } from '@shoal/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { PlaybackInfo } from '@shoal/server';
import { signedBy } from '../support/signing.ts';
import { until } from '../support/until.ts';
import { Publisher } from './server-origin/publisher.ts';

const ANY_PORT = ['--http-port=0', '--tracker-port=0', '--rtmp-port=0', '--host=127.0.0.1'];

function configure(args: readonly string[]): DemoConfig {
  const command = parseConfig([...ANY_PORT, '--log-level=silent', ...args], {});
  if (!command.ok || command.value.type !== 'run') throw new Error('not a configuration');
  return command.value.config;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('the demo', () => {
  let dataDir = '';
  let demo: Demo;
  let base = '';
  const progress: string[] = [];

  const json = async (url: string): Promise<unknown> => (await fetch(url)).json();

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'shoal-demo-'));
    const config = configure(['--pattern', '--pattern-size=192x108', `--data-dir=${dataDir}`]);
    demo = await startDemo(config, (line) => progress.push(line));
    base = `http://127.0.0.1:${demo.httpPort}`;
  }, 120_000);

  afterAll(async () => {
    await demo.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('names addresses with the ports that it got', () => {
    const { studio, overlay, ...urls } = demo.urls;
    expect(overlay).toMatch(
      new RegExp(
        `^http://localhost:${demo.httpPort}/overlay/\\?channel=demo#token=[A-Za-z0-9_-]{32}$`,
      ),
    );
    expect(studio).toMatch(
      new RegExp(`^http://localhost:${demo.httpPort}/studio/#operator=[A-Za-z0-9_-]{24}$`),
    );
    expect(urls).toEqual({
      watch: `http://localhost:${demo.httpPort}/`,
      api: `http://localhost:${demo.httpPort}/v1`,
      events: `ws://localhost:${demo.httpPort}/v1/events`,
      hls: `http://localhost:${demo.httpPort}/live/demo/index.m3u8`,
      tracker: `ws://localhost:${demo.trackerPort}/`,
      rtmpServer: `rtmp://localhost:${demo.rtmpPort}/live`,
    });
  });

  it.each([
    ['/', 'Shoal'],
    ['/studio/', 'Studio'],
  ])('serves the page %s with all that it refers to', async (path, word) => {
    const page = await fetch(`${base}${path}`);
    expect(page.headers.get('content-type')).toContain('text/html');
    const html = await page.text();
    expect(html).toContain(word);
    const assets = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, url]) => url);
    expect(assets.length).toBeGreaterThan(1);
    for (const url of assets) expect((await fetch(`${base}${url ?? ''}`)).status).toBe(200);
  });

  it('tells the pages its channel and ports, and never the stream key', async () => {
    const text = await (await fetch(`${base}/config.json`)).text();
    expect(JSON.parse(text)).toEqual({
      channel: 'demo',
      trackerPort: demo.trackerPort,
      rtmpPort: demo.rtmpPort,
      service: true,
    });
    const everything = [
      text,
      await (await fetch(base)).text(),
      await (await fetch(`${base}/studio/`)).text(),
      await (await fetch(`${base}/v1/streams/demo`)).text(),
    ].join('\n');
    const overlayToken = new URL(demo.urls.overlay).hash.replace('#token=', '');
    for (const secret of [demo.streamKey, demo.adminToken, overlayToken])
      expect(everything).not.toContain(secret);
  });

  it('serves the broadcast service beside them, with the channel in its catalogue', async () => {
    expect(await json(`${base}/openapi.json`)).toMatchObject({ openapi: '3.1.0' });
    expect(await json(`${base}/v1/channels/demo`)).toMatchObject({ id: 'demo', owner: null });
    const as = async (token: string, path: string): Promise<number> => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`${base}${path}`, { headers })).status;
    };
    expect(await as(demo.adminToken, '/v1/channels/demo/outbox')).toBe(200);
    const overlayToken = new URL(demo.urls.overlay).hash.replace('#token=', '');
    expect(await as(overlayToken, '/v1/channels/demo/outbox')).toBe(403);
    const feed = new WebSocket(
      `ws://127.0.0.1:${demo.httpPort}/v1/events?channel=demo&audience=streamer&token=${overlayToken}`,
    );
    const [welcome] = (await once(feed, 'message')) as [Buffer];
    feed.terminate();
    expect(JSON.parse(welcome.toString())).toMatchObject({ type: 'welcome', audience: 'streamer' });
    expect(await readFile(join(dataDir, 'overlay-token'), 'utf8')).toBe(`${overlayToken}\n`);
  });

  it('BRD-4 has a broadcast live when somebody publishes with the printed key alone', async () => {
    await until(
      async () => {
        const { broadcast } = (await json(`${base}/v1/channels/demo/playback`)) as {
          readonly broadcast: { readonly state: string } | null;
        };
        return broadcast?.state === 'live';
      },
      { what: 'the broadcast to be live', timeoutMs: 30_000 },
    );
    expect(await json(`${base}/v1/channels/demo/playback`)).toMatchObject({
      state: 'online',
      hls: '/live/demo/index.m3u8',
      trackers: [demo.urls.tracker],
    });
  });

  it('KEY-3 lets who has a stream key of another channel publish there, which comes into being', async () => {
    const call = async (path: string, body: object): Promise<unknown> => {
      const answer = await fetch(`${base}/v1/channels${path}`, {
        method: 'POST',
        headers: {
          ...{ authorization: `Bearer ${demo.adminToken}`, 'content-type': 'application/json' },
        },
        body: JSON.stringify(body),
      });
      expect(answer.status).toBe(201);
      return answer.json();
    };
    await call('', { id: 'second', title: 'The second' });
    const { key } = (await call('/second/stream-keys', {})) as { readonly key: string };
    const publisher = await Publisher.start(`rtmp://127.0.0.1:${demo.rtmpPort}/live/${key}`);
    try {
      await until(
        async () => {
          const playback = await json(`${base}/v1/channels/second/playback`);
          return JSON.stringify(playback).includes('"state":"live"') || !publisher.running;
        },
        { what: 'the second channel to be live', timeoutMs: 30_000 },
      );
      expect(await json(`${base}/v1/channels/second/playback`)).toMatchObject({
        state: 'online',
        broadcast: { title: 'The second', state: 'live' },
      });
    } finally {
      await publisher.stop();
    }
  });

  it('keeps the stream key out of the folder that it serves', async () => {
    const keys = await readFile(join(dataDir, 'stream-keys.json'), 'utf8');
    expect(keys).toContain(demo.streamKey);
    for (const name of ['stream-keys.json', 'overlay-token', 'service.db'])
      for (const path of [`/${name}`, `/../${name}`, `/%2e%2e/${name}`])
        expect((await fetch(`${base}${path}`)).status).not.toBe(200);
  });

  it('goes live with the test pattern', async () => {
    await until(
      async () => {
        const status = await json(`${base}/v1/streams/demo`);
        return typeof status === 'object' && status !== null && 'state' in status
          ? status.state === 'live'
          : false;
      },
      { what: 'the channel to be live', timeoutMs: 30_000 },
    );
    const multivariant = await (await fetch(`${base}/live/demo/index.m3u8`)).text();
    expect(multivariant).toContain('RESOLUTION=192x108');
    const rendition = multivariant.split('\n').find((line) => line.endsWith('/index.m3u8')) ?? '';
    const playlist = await (await fetch(`${base}/live/demo/${rendition}`)).text();
    const segment = readSwarmTags(playlist)?.segments[0];
    expect(segment?.info.durationMs).toBeCloseTo(2000, -2);
  });

  it('ORG-22 signs what it makes, with keys that it publishes, and shows no private one', async () => {
    const { signing } = (await json(`${base}/v1/streams/demo/playback`)) as PlaybackInfo;
    const keys = signing.keys.map(({ publicKey }) => publicKey);
    const playlist = await (await fetch(`${base}/live/demo/source/index.m3u8`)).text();
    const swarm = readSwarmTags(playlist);
    if (swarm === undefined) throw new Error('no swarm tags');
    for (const { info } of swarm.segments)
      expect(signedBy(keys, swarm.channel, info)).toEqual([keys[0]]);
    for (const path of ['/signing-keys.json', '/../signing-keys.json', '/%2e%2e/signing-keys.json'])
      expect((await fetch(`${base}${path}`)).status).not.toBe(200);
  });

  it('answers for the channel at the tracker', async () => {
    const status = await json(`http://127.0.0.1:${demo.trackerPort}/v1/channels/demo`);
    expect(status).toMatchObject({ channel: 'demo', viewers: 0 });
  });

  it('starts the test pattern again when its ffmpeg dies', async () => {
    const first = demo.patternPid();
    if (first === undefined) throw new Error('no test pattern');
    process.kill(first, 'SIGKILL');
    await until(
      () => {
        const pid = demo.patternPid();
        return pid !== undefined && pid !== first;
      },
      { what: 'another ffmpeg', timeoutMs: 15_000 },
    );
    const told = progress.find((line) => line.startsWith('Test pattern stopped'));
    expect(told).toContain('again in 0.5 s');
    expect(told).not.toContain(demo.streamKey);
  });

  it('ORG-8 makes way for another publisher, and brings the pattern back when that one has left', async () => {
    const publisher = await Publisher.start(
      `rtmp://127.0.0.1:${demo.rtmpPort}/live/${demo.streamKey}`,
    );
    try {
      await until(
        async () => {
          const status = await json(`${base}/v1/streams/demo`);
          return JSON.stringify(status).includes('"width":160') || !publisher.running;
        },
        { what: 'segments of the other publisher', timeoutMs: 30_000 },
      );
      expect(publisher.running, publisher.log).toBe(true);
      expect(demo.patternPid()).toBeUndefined();
      expect(progress.at(-1)).toContain('Somebody else publishes');
    } finally {
      await publisher.stop();
    }
    await until(() => demo.patternPid() !== undefined, {
      what: 'the test pattern to come back',
      timeoutMs: 15_000,
    });
  });

  it('stops all of it, as often as it is asked to', async () => {
    const pid = demo.patternPid();
    if (pid === undefined) throw new Error('no test pattern');
    const began = Date.now();
    await Promise.all([demo.close(), demo.close()]);
    expect(Date.now() - began).toBeLessThan(8_000);
    await demo.close();
    expect(isAlive(pid)).toBe(false);
    await expect(fetch(base)).rejects.toThrow();
    await expect(fetch(`http://127.0.0.1:${demo.trackerPort}/healthz`)).rejects.toThrow();
  });
});

describe('--rotate-signing-key', () => {
  it('ORG-22 has the next key sign from this start on', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'shoal-demo-'));
    const keys: (readonly string[])[] = [];
    for (const flags of [[], ['--rotate-signing-key']]) {
      const demo = await startDemo(configure([`--data-dir=${dataDir}`, ...flags]));
      const url = `http://127.0.0.1:${demo.httpPort}/v1/streams/demo/playback`;
      const { signing } = (await (await fetch(url)).json()) as PlaybackInfo;
      keys.push(signing.keys.map(({ publicKey }) => publicKey));
      await demo.close();
    }
    await expect(
      startDemo(configure([`--data-dir=${dataDir}`, '--rotate-signing-key'])),
    ).rejects.toMatchObject({
      code: 'start-failed',
      message: expect.stringMatching(/minute/) as string,
    });
    await rm(dataDir, { recursive: true, force: true });
    expect(keys[1]?.[0]).toBe(keys[0]?.[1]);
    expect(keys[1]?.[2]).toBe(keys[0]?.[0]);
  });
});

describe('a port that is taken', () => {
  let dataDir = '';
  let other: Server;
  let port = 0;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'shoal-demo-'));
    other = createServer();
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    const address = other.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });

  afterAll(async () => {
    other.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it.each(['http', 'tracker', 'rtmp'])(
    'is named with the option and the variable that change it: %s',
    async (name) => {
      const config = configure([`--${name}-port=${port}`, `--data-dir=${dataDir}`]);
      await expect(startDemo(config)).rejects.toMatchObject({
        code: 'port-in-use',
        exitCode: 2,
        message: `Port ${port} is taken. Choose another with --${name}-port PORT or SHOAL_${name.toUpperCase()}_PORT=PORT (0 takes any free one).`,
      });
    },
  );
});
