import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { DeliveryRecord } from '@shoal/server';
import { startTracker, type Tracker } from '@shoal/tracker';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { Publisher } from './server-origin/publisher.ts';
import { DEMO, TestOrigin } from './server-origin/test-origin.ts';

const WORKSPACE_DIR = fileURLToPath(new URL('../..', import.meta.url));

type Line = {
  readonly type: string;
  readonly playing: number;
  readonly neighbours: number;
  readonly viewers?: number;
  readonly playedSegments: number;
  readonly stalls: number;
  readonly bytes: { readonly http: number; readonly p2p: number; readonly uploaded: number };
  readonly reason?: string;
};

type Run = {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly lines: () => readonly Line[];
  readonly exit: Promise<number | null>;
};

let origin: TestOrigin;
let tracker: Tracker;
let publisher: Publisher;
const deliveries: DeliveryRecord[] = [];
const running: ChildProcess[] = [];

beforeAll(async () => {
  origin = await TestOrigin.start({ onDelivered: (record) => deliveries.push(record) });
  tracker = await startTracker({ host: '127.0.0.1', port: 0, bus: origin.origin.bus });
  publisher = await Publisher.start(origin.rtmpUrl());
  await origin.playlistWhere(({ segments }) => segments.length >= 4, 'four segments', 40_000);
});

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

afterAll(async () => {
  await publisher.cut();
  await tracker.close();
  await origin.close();
});

/** The command without npm around it. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  let stdout = '';
  let stderr = '';
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', '--conditions=@shoal/source'],
      'client-sdk/src/node/cli/main.ts',
      ...args,
    ],
    {
      cwd: WORKSPACE_DIR,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  running.push(child);
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    // The lines are the program's own.
    lines: () =>
      stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Line),
    exit,
  };
}

function stream(): readonly string[] {
  const playlist = origin.url(`/live/${DEMO}/index.m3u8`);
  return ['--playlist', playlist, '--tracker', `ws://127.0.0.1:${tracker.port}`];
}

describe('shoal-peer', () => {
  it('runs viewers that share a stream, says how they do, and ends cleanly at SIGTERM', async () => {
    const command = run([...stream(), '--peers', '4', '--json', '--every', '1']);
    await until(
      () => {
        const last = command.lines().at(-1);
        return last?.playing === 4 && last.bytes.p2p > 0 && last.neighbours >= 2;
      },
      { what: 'four peers to play and to share', timeoutMs: 30_000 },
    );
    expect(command.lines().at(-1)).toMatchObject({ type: 'progress', viewers: 4 });
    expect(new Set(deliveries.map((d) => d.userAgent))).toContain('shoal-peer/4');
    const askedAt = Date.now();
    command.child.kill('SIGTERM');
    expect(await command.exit).toBe(0);
    expect(Date.now() - askedAt).toBeLessThan(4_000);
    expect(command.lines().at(-1)).toMatchObject({ type: 'end', reason: 'stopped' });
    expect(command.stderr()).toBe('');
    // They have said goodbye: the tracker knows at once.
    expect(tracker.channel(DEMO)?.viewers).toBe(0);
  });

  it('stops by itself after the time that was given, with lines for people', async () => {
    const command = run([...stream(), '--seconds', '4'], { SHOAL_EVERY: '1' });
    expect(await command.exit).toBe(0);
    expect(command.stdout()).toMatch(/^\d s, 1 of 1 playing, 1 viewers, .* MB uploaded, 0 stalls/m);
  });

  it('ends with a stream that has ended', async () => {
    const vod = await serve(
      '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.3,\na.m4s\n#EXTINF:0.3,\nb.m4s\n#EXT-X-ENDLIST\n',
    );
    try {
      const command = run([...at(vod), '--json', '--peers', '2']);
      expect(await command.exit).toBe(0);
      expect(command.lines().at(-1)).toMatchObject({ reason: 'stream-ended', playedSegments: 4 });
    } finally {
      vod.close();
    }
  });

  it('fails when nothing could be played, and goes on without a tracker', async () => {
    const nobody = run([
      '--playlist',
      'http://127.0.0.1:1/x.m3u8',
      ...NO_TRACKER,
      '--seconds',
      '2',
    ]);
    expect(await nobody.exit).toBe(1);
    expect(nobody.stderr()).toContain('Nothing was played');
    const alone = run([...stream().slice(0, 2), ...NO_TRACKER, '--seconds', '4']);
    expect(await alone.exit).toBe(0);
    expect(alone.stderr().match(/tracker cannot be reached/g)).toHaveLength(1);
  });

  it('refuses wrong options with exit code 2, and explains itself', async () => {
    const wrong = run([...stream(), '--peers', '201']);
    expect(await wrong.exit).toBe(2);
    expect(wrong.stderr()).toContain('--peers must be a whole number from 1 to 200');
    const help = run(['--help']);
    expect(await help.exit).toBe(0);
    expect(help.stdout()).toContain('--upload-kbps');
  });
});

const NO_TRACKER = ['--tracker', 'ws://127.0.0.1:1'];

async function serve(playlist: string): Promise<Server> {
  const server = createServer((request, response) => {
    response.end(request.url === '/index.m3u8' ? playlist : 'media');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function at(server: Server): readonly string[] {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return ['--playlist', `http://127.0.0.1:${port ?? 0}/index.m3u8`, ...NO_TRACKER];
}
