import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseChannelId, parseRenditionId, unwrap } from '@shoal/protocol';
import {
  type AccessGate,
  findFfmpeg,
  OriginError,
  type OriginOptions,
  startOrigin,
} from '@shoal/server';
import { scene } from './scene.ts';
import { DEMO } from './test-origin.ts';

const { start, publish } = scene();
const OTHER = unwrap(parseChannelId('other'));
let folder = '';
let busy: Server | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-start-'));
});

afterEach(() => {
  busy?.close();
  rmSync(folder, { recursive: true, force: true });
});

function options(choices: Partial<OriginOptions> = {}): OriginOptions {
  return {
    http: { host: '127.0.0.1', port: 0 },
    rtmp: { host: '127.0.0.1', port: 0 },
    dataDir: join(folder, 'data'),
    channels: [{ channel: DEMO }],
    logLevel: 'silent',
    ...choices,
  };
}

const nobody: AccessGate = () => Promise.resolve({ allowed: false, reason: 'nobody' });

/** The code and message with which an origin refuses to start. */
async function refusal(
  choices: Partial<OriginOptions>,
): Promise<{ code: string; message: string }> {
  try {
    const origin = await startOrigin(options(choices));
    await origin.close();
  } catch (error) {
    if (error instanceof OriginError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('it started');
}

async function takenPort(): Promise<number> {
  const server = createServer();
  busy = server;
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const MEMORY = { type: 'memory', maxBytes: 1 } as const;

describe('starting an origin', () => {
  it('a taken port is named, with the option that changes it', async () => {
    const port = await takenPort();
    const http = await refusal({ http: { host: '127.0.0.1', port } });
    expect(http.code).toBe('port-in-use');
    expect(http.message).toMatch(new RegExp(`${port}.*http\\.port`));
    const rtmp = await refusal({ rtmp: { host: '127.0.0.1', port } });
    expect(rtmp.code).toBe('port-in-use');
    expect(rtmp.message).toMatch(new RegExp(`${port}.*rtmp\\.port`));
  });

  it('ORG-5 a data folder belongs to one origin at a time, and is free again when that has ended', async () => {
    const first = await startOrigin(options());
    expect(await refusal({})).toMatchObject({ code: 'data-dir-in-use' });
    expect((await refusal({ dataDir: join(folder, 'data', '.') })).code).toBe('data-dir-in-use');
    const beside = await startOrigin(options({ dataDir: join(folder, 'other') }));
    await beside.close();
    await first.close();
    const second = await startOrigin(options());
    await second.close();
  });

  it.each([
    { segmentSeconds: 0.1 },
    { segmentSeconds: NaN },
    { listedSegments: 3 },
    { interruptedMs: -1 },
    { closeAfterMs: -1 },
    { channels: [] },
    { dynamicChannels: true },
    { channels: [], dynamicChannels: false, access: { publish: nobody } },
    { channels: [{ channel: DEMO }, { channel: DEMO }] },
    { channels: [{ channel: DEMO, key: 'short' }] },
    {
      channels: [
        { channel: DEMO, key: 'the-same-key' },
        { channel: OTHER, key: 'the-same-key' },
      ],
    },
    { ladder: [{ name: unwrap(parseRenditionId('low')), lines: 241, kbps: 300 }] },
    { staticDir: '/nowhere/at/all' },
    { recording: { store: MEMORY, dvrSeconds: 59 } },
    { recording: { store: MEMORY, keepHours: -1 } },
    { recording: { store: MEMORY, keepBytes: 0.5 } },
    { http: { host: '127.0.0.1', port: 70_000 } },
  ])('options out of range are refused: %j', async (choices) => {
    expect((await refusal(choices)).code).toBe('bad-options');
  });

  it('damaged files in the data folder are refused, not overwritten', async () => {
    const { dataDir } = options();
    mkdirSync(join(dataDir, 'channels'), { recursive: true });
    const state = join(dataDir, 'channels', 'demo.json');
    writeFileSync(state, '{"nextMsn":');
    expect((await refusal({})).code).toBe('data-dir');
    expect(readFileSync(state, 'utf8')).toBe('{"nextMsn":');
    rmSync(state);
    for (const file of ['stream-keys.json', 'signing-keys.json']) {
      writeFileSync(join(dataDir, file), '[1]');
      expect(await refusal({})).toMatchObject({
        code: 'data-dir',
        message: expect.stringContaining(file) as string,
      });
      rmSync(join(dataDir, file));
    }
  });

  it('stream keys are made once, differ, and only their owner may read them', async () => {
    const two = options({ channels: [{ channel: DEMO }, { channel: OTHER }] });
    const first = await startOrigin(two);
    const keys = [first.streamKey(DEMO), first.streamKey(OTHER)];
    await first.close();
    expect(new Set(keys).size).toBe(2);
    expect(keys[0]).toMatch(/^[\w-]{24}$/);
    const path = join(two.dataDir, 'stream-keys.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const second = await startOrigin(two);
    expect([second.streamKey(DEMO), second.streamKey(OTHER)]).toEqual(keys);
    expect(() => second.streamKey(unwrap(parseChannelId('nobody')))).toThrow(RangeError);
    await second.close();
    await second.close();
    const own = [{ channel: DEMO, key: 'my-own-stream-key' }];
    const third = await startOrigin({ ...two, channels: own });
    expect(third.streamKey(DEMO)).toBe('my-own-stream-key');
    await third.close();
    expect(readFileSync(path, 'utf8')).not.toContain('my-own-stream-key');
  });

  it('pages are served at /, and what is not there gets a page that says so', async () => {
    writeFileSync(join(folder, 'index.html'), '<h1>Watch</h1>');
    const test = await start({ staticDir: folder });
    expect(await test.text('/')).toBe('<h1>Watch</h1>');
    const missing = await fetch(test.url('/nothing'), { headers: { accept: 'text/html' } });
    expect(missing.status).toBe(404);
    expect(await missing.text()).toMatch(/Not found/);
    const outside = await fetch(test.url('/..%2f..%2fetc/passwd'));
    expect(outside.status).toBeGreaterThanOrEqual(400);
  });
});

describe('finding ffmpeg', () => {
  it('takes the one on PATH, and says where it was found', async () => {
    const { path, version } = await findFfmpeg();
    expect(path).not.toBe('');
    expect(version).not.toBe('');
  });

  it('one that was named and cannot be used is an error, wherever else there is one', async () => {
    const fake = join(folder, 'ffmpeg');
    writeFileSync(fake, '#!/bin/sh\necho "ffmpeg version 9 fake"\n');
    chmodSync(fake, 0o755);
    await expect(findFfmpeg({ env: { ...process.env, FFMPEG_PATH: fake } })).rejects.toMatchObject({
      code: 'ffmpeg-unfit',
      message: expect.stringMatching(/lacks encoder libx264.*muxer mp4/) as string,
    });
    await expect(findFfmpeg({ ffmpegPath: join(folder, 'none') })).rejects.toMatchObject({
      code: 'ffmpeg-unfit',
    });
    expect((await refusal({ ffmpegPath: fake })).code).toBe('ffmpeg-unfit');
  });

  it.each([
    ['linux', 'sudo apt-get install -y ffmpeg'],
    ['darwin', 'brew install ffmpeg'],
    ['win32', 'winget install Gyan.FFmpeg'],
  ])('without any on %s the error says how to install it', async (platform, command) => {
    const nothing = { env: { PATH: folder }, platform, npm: false };
    await expect(findFfmpeg(nothing)).rejects.toMatchObject({
      code: 'ffmpeg-missing',
      message: expect.stringContaining(command) as string,
    });
  });

  it('falls back to the one in npm, made executable, and publishes with it', async ({ skip }) => {
    const found = await findFfmpeg({ env: { PATH: folder } }).catch(() => undefined);
    if (found === undefined) skip('npm has no ffmpeg for this platform');
    else {
      expect(found.source).toBe('npm');
      chmodSync(found.path, 0o644);
      const again = await findFfmpeg({ env: { PATH: folder } });
      expect(statSync(again.path).mode & 0o100).toBe(0o100);
      const test = await start({ ffmpegPath: again.path });
      await publish(test.rtmpUrl());
      const playlist = await test.playlistWhere((p) => p.segments.length >= 3, 'three segments');
      expect(playlist).toMatchObject({ targetDuration: 1, independent: true });
      for (const { uri } of playlist.segments) await test.verifiedSegment(uri);
      expect(test.linter.problems).toEqual([]);
    }
  });
});
