import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';

const WORKSPACE_DIR = fileURLToPath(new URL('../..', import.meta.url));
const ANY_PORT = ['--http-port=0', '--tracker-port=0', '--rtmp-port=0', '--host=127.0.0.1'];

type Run = {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exit: Promise<number | null>;
};

describe('npm start', () => {
  let dataDir = '';
  let running: ChildProcess | undefined;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'shoal-command-'));
  });
  afterEach(() => {
    running?.kill('SIGKILL');
  });
  afterAll(async () => {
    await rm(dataDir, { recursive: true, force: true });
  });

  /** The command without npm around it. */
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Run => {
    let stdout = '';
    let stderr = '';
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--conditions=@shoal/source', 'demo/app/main.ts', ...args],
      {
        cwd: WORKSPACE_DIR,
        env: { ...process.env, SHOAL_DATA_DIR: dataDir, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    running = child;
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
    return { child, stdout: () => stdout, stderr: () => stderr, exit };
  };

  const started = async (command: Run): Promise<Readonly<Record<string, unknown>>> => {
    const line = (): string | undefined =>
      command
        .stdout()
        .split('\n')
        .find((text) => text.includes('"type":"started"'));
    await until(() => line() !== undefined, { what: 'the start', timeoutMs: 60_000 });
    // The line is the program's own.
    return JSON.parse(line() ?? '{}') as Readonly<Record<string, unknown>>;
  };

  it('lists its options with their variables and defaults', async () => {
    const command = run(['--help']);
    expect(await command.exit).toBe(0);
    for (const word of [
      '--http-port',
      'SHOAL_HTTP_PORT',
      '8080',
      '1935',
      '--pattern',
      'Exit codes',
    ])
      expect(command.stdout()).toContain(word);
  });

  it('says what is wrong with an option and ends with code 2', async () => {
    const command = run(['--http-port', 'web', '--channel', 'a/b']);
    expect(await command.exit).toBe(2);
    expect(command.stderr()).toContain('--http-port (SHOAL_HTTP_PORT) is "web"');
    expect(command.stderr()).toContain('--channel (SHOAL_CHANNEL) is "a/b"');
  });

  it('says in one line which port is taken and ends with code 2', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const taken = run([...ANY_PORT.slice(0, 2), `--rtmp-port=${port}`, '--host=127.0.0.1']);
    expect(await taken.exit).toBe(2);
    expect(taken.stderr().trim()).toBe(
      `Port ${port} is taken. Choose another with --rtmp-port PORT or SHOAL_RTMP_PORT=PORT (0 takes any free one).`,
    );
    other.close();
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('stops cleanly at %s', async (signal) => {
    const command = run([...ANY_PORT, '--json']);
    const { watchUrl, streamKey, rtmpServer } = await started(command);
    expect(String(rtmpServer)).toMatch(/^rtmp:\/\/localhost:\d+\/live$/);
    expect(String(streamKey).length).toBeGreaterThan(7);
    expect((await fetch(String(watchUrl).replace('localhost', '127.0.0.1'))).status).toBe(200);
    command.child.kill(signal);
    expect(await command.exit).toBe(0);
  });

  it('runs once on a data folder, and again at once after it was killed', async () => {
    const first = run([...ANY_PORT, '--json']);
    await started(first);
    const second = run(ANY_PORT);
    expect(await second.exit).toBe(2);
    expect(second.stderr()).toContain('is in use: another one runs already');
    first.child.kill('SIGKILL');
    await first.exit;
    const third = run([...ANY_PORT, '--json']);
    await started(third);
    third.child.kill('SIGTERM');
    expect(await third.exit).toBe(0);
  });

  it('plays with the ffmpeg that npm installed where the system has none', async () => {
    const command = run([...ANY_PORT, '--json', '--pattern', '--pattern-size=192x108'], {
      PATH: '',
      FFMPEG_PATH: '',
    });
    const { hlsUrl } = await started(command);
    expect(command.stderr()).toContain('node_modules');
    const url = String(hlsUrl).replace('localhost', '127.0.0.1');
    await until(async () => (await fetch(url)).status === 200, {
      what: 'the playlist',
      timeoutMs: 30_000,
    });
    command.child.kill('SIGTERM');
    expect(await command.exit).toBe(0);
  });
});
