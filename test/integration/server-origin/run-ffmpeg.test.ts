import { describe, expect, it } from 'vitest';
import { runFfmpeg } from '../../../server/src/adapters/jobs/run-ffmpeg.ts';
import { until } from '../../support/until.ts';

type Run = Parameters<typeof runFfmpeg>[0];

/** A shell in place of ffmpeg. */
function run(script: string, choices: Partial<Run> = {}): Promise<Buffer> {
  return runFfmpeg({
    ...{ path: '/bin/sh', args: ['-c', script], input: chunks(0), maxOutputBytes: 1_000 },
    signal: new AbortController().signal,
    ...choices,
  });
}

async function* chunks(count: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let i = 0; i < count; i++) yield await Promise.resolve(new Uint8Array(100_000));
}

describe('an ffmpeg of a job', () => {
  it('ORG-23 has the lowest priority', async () => {
    expect(String(await run('sleep 0.3; nice')).trim()).toBe('19');
  });

  it('ORG-23 takes its input as it likes, and gives what it wrote', async () => {
    expect(String(await run('wc -c', { input: chunks(300) })).trim()).toBe('30000000');
    expect(String(await run('head -c 10 > /dev/null; echo enough', { input: chunks(300) }))).toBe(
      'enough\n',
    );
  });

  it('ORG-23 says why it failed, in words that have an end', async () => {
    await expect(run('echo first >&2; echo last words >&2; exit 4')).rejects.toThrow(
      'ffmpeg failed (4): last words',
    );
    await expect(run('kill -9 $$')).rejects.toThrow('ffmpeg died of SIGKILL');
    const long = await run('head -c 5000 /dev/zero | tr "\\\\0" x >&2; exit 1').catch(String);
    expect(String(long).length).toBeLessThan(400);
  });

  it('ORG-23 is killed when it writes more than it should', async () => {
    await expect(run('while :; do echo more and more; done')).rejects.toThrow(
      'ffmpeg writes more than was asked for',
    );
  });

  it('ORG-23 is killed when its input fails, and that is the reason', async () => {
    const failing = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      yield* chunks(1);
      throw new Error('the store fails');
    };
    await expect(run('cat > /dev/null; sleep 60', { input: failing() })).rejects.toThrow(
      'the store fails',
    );
  });

  it('ORG-23 is killed when it is given up, and then it is gone', async () => {
    const giving = new AbortController();
    const lines: string[] = [];
    const running = run('echo $$; exec sleep 60', {
      signal: giving.signal,
      onLine: (line) => lines.push(line),
    });
    await until(() => lines.length > 0, { what: 'its pid' });
    giving.abort();
    await expect(running).rejects.toThrow();
    expect(() => process.kill(Number(lines[0]), 0)).toThrow(/ESRCH/);
  });
});
