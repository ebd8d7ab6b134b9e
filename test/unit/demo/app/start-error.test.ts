import { describe, expect, it } from 'vitest';
import { parseConfig } from '@shoal/demo/app/config';
import { DemoError } from '@shoal/demo/app/errors';
import { explainStartError } from '@shoal/demo/app/start-error';

const command = parseConfig([], {});
if (!command.ok || command.value.type !== 'run')
  throw new Error('the defaults are a configuration');
const { config } = command.value;

const failure = (code: string, message: string): Error =>
  Object.assign(new Error(message), { code });

describe('a part that does not start', () => {
  it('is explained by port, flag and variable when its port is taken', () => {
    const rtmp = explainStartError(failure('port-in-use', 'port 1935 is taken'), 'origin', config);
    expect(rtmp.message).toBe(
      'Port 1935 is taken. Choose another with --rtmp-port PORT or SHOAL_RTMP_PORT=PORT (0 takes any free one).',
    );
    expect(rtmp.exitCode).toBe(2);
    const http = explainStartError(failure('port-in-use', 'port 8080 is taken'), 'origin', config);
    expect(http.message).toContain('Port 8080 is taken. Choose another with --http-port');
    const tracker = explainStartError(failure('port-in-use', '?'), 'tracker', config);
    expect(tracker.message).toContain('Port 8081 is taken. Choose another with --tracker-port');
  });

  it('names the option that chooses another data folder when that one is in use', () => {
    const error = explainStartError(failure('data-dir-in-use', '?'), 'origin', config);
    expect(error.message).toContain('--data-dir FOLDER or SHOAL_DATA_DIR=FOLDER');
    expect(error.exitCode).toBe(2);
  });

  it('has an exit code of its own when ffmpeg is missing', () => {
    const error = explainStartError(failure('ffmpeg-missing', 'install it'), 'origin', config);
    expect([error.message, error.exitCode]).toEqual(['install it', 3]);
  });

  it('keeps the message of anything else, and its cause', () => {
    const cause = new Error('no space');
    const error = explainStartError(cause, 'origin', config);
    expect([error.message, error.exitCode]).toEqual(['The origin did not start: no space', 1]);
    expect(error.cause).toBe(cause);
    expect(explainStartError('odd', 'tracker', config).message).toContain('odd');
    const known = new DemoError('pages-failed', 'x');
    expect(explainStartError(known, 'origin', config)).toBe(known);
  });
});
