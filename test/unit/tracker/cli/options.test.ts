import { parseChannelId, unwrap } from '@shoal/protocol';
import { describe, expect, it } from 'vitest';
import { lineLog } from '../../../../tracker/src/cli/log.ts';
import {
  readTrackerCommand,
  type TrackerCommand,
  trackerHelpText,
} from '../../../../tracker/src/cli/options.ts';

type From = {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
};

function read({ args = [], env = {}, files = {} }: From = {}): ReturnType<
  typeof readTrackerCommand
> {
  const readFile = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw new Error('no such file');
    return text;
  };
  return readTrackerCommand({ args, env, readFile });
}

function run(from: From): Extract<TrackerCommand, { readonly type: 'run' }> {
  const command = read(from);
  if (!command.ok || command.value.type !== 'run') throw new Error('not a run');
  return command.value;
}

function problems(from: From): readonly string[] {
  const command = read(from);
  return command.ok ? [] : command.error;
}

describe('options', () => {
  it('have defaults', () => {
    expect(run({})).toEqual({
      type: 'run',
      logLevel: 'info',
      json: false,
      tracker: {
        ...{ host: '0.0.0.0', port: 8081, connections: 50_000, connectionsPerAddress: 256 },
        processMetrics: true,
      },
    });
  });

  it('come from flags before variables before the file', () => {
    const files = {
      'c.json': '{"port": 1, "host": "::", "connections": 5, "allowedOrigins": ["a", "b"]}',
    };
    const env = { SHOAL_TRACKER_PORT: '2', SHOAL_TRACKER_HOST: '', SHOAL_TRACKER_CONNECTIONS: '6' };
    const { tracker } = run({ args: ['--config', 'c.json', '--port=3'], env, files });
    expect(tracker).toMatchObject({
      port: 3,
      host: '::',
      connections: 6,
      allowedOrigins: ['a', 'b'],
    });
  });

  it('name the file in a variable, too', () => {
    const env = { SHOAL_TRACKER_CONFIG: 'c.json' };
    expect(run({ env, files: { 'c.json': '{"port":"7"}' } }).tracker.port).toBe(7);
  });

  it('read secrets from files, without the line break that editors leave, or from the environment', () => {
    const files = { s: 'secret\n', k: 'PEM', a: 'admin' };
    const fromFiles = [
      '--auth-secret-file',
      's',
      '--auth-audience',
      'x',
      '--admin-token-file',
      'a',
    ];
    expect(run({ args: fromFiles, files }).tracker).toMatchObject({
      auth: { secret: 'secret', audience: 'x' },
      adminToken: 'admin',
    });
    const env = { SHOAL_TRACKER_AUTH_SECRET: 'e', SHOAL_TRACKER_ADMIN_TOKEN: 't' };
    expect(run({ env }).tracker).toMatchObject({ auth: { secret: 'e' }, adminToken: 't' });
    expect(run({ args: ['--auth-public-key-file=k'], files }).tracker.auth).toMatchObject({
      publicKey: 'PEM',
    });
  });

  it('list the channels that exist', () => {
    const { channels } = run({ args: ['--channels', 'demo, other'] }).tracker;
    const exists = (id: string): unknown => channels?.(unwrap(parseChannelId(id)));
    expect(['demo', 'other', 'third'].map(exists)).toEqual([true, true, false]);
  });

  it('that are wrong are all named at once', () => {
    const args = ['--port=x', '--connections=0', '--channels=a b', '--log-level=loud'];
    expect(problems({ args: [...args, '--auth-secret-file=none'] })).toEqual([
      '--channels: a b: channel must match ^[A-Za-z0-9_-]{1,64}$',
      '--log-level must be one of error, warn, info, debug: loud',
      '--auth-secret-file none: no such file',
      '--port must be a whole number from 0 to 65535: x',
      '--connections must be a whole number from 1 to 1000000: 0',
    ]);
  });

  it.each([
    ['[]', 'not a JSON object'],
    ['{"ports": 1}', 'there is no option ports'],
    ['{"port": {}}', 'port must be'],
    ['{', 'JSON'],
  ])('of a file are checked: %s', (text, expected) => {
    expect(problems({ args: ['--config=c'], files: { c: text } })[0]).toContain(expected);
  });

  it('that do not exist are an error; help wins over everything', () => {
    expect(problems({ args: ['--nope'] })).toEqual(["Unknown option '--nope'"]);
    expect(problems({ args: ['--config=none'] })).toEqual(['--config none: no such file']);
    expect(read({ args: ['--help', '--port=x'] })).toEqual({ ok: true, value: { type: 'help' } });
    expect(trackerHelpText()).toContain('--auth-secret-file');
  });
});

describe('the log', () => {
  it('is lines for people or for programs, from a level on', () => {
    const lines: string[] = [];
    const at = { write: (line: string) => lines.push(line), now: () => new Date(0) };
    const say = (json: boolean): void => {
      const log = lineLog('warn', { ...at, json });
      log('info', 'left out', {});
      log('warn', 'hello', { port: 1 });
    };
    say(false);
    say(true);
    expect(lines).toEqual([
      '1970-01-01T00:00:00.000Z warn  hello port=1',
      '{"time":"1970-01-01T00:00:00.000Z","level":"warn","message":"hello","port":1}',
    ]);
  });
});
