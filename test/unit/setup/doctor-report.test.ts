import { describe, expect, it } from 'vitest';
import {
  type Check,
  isAtLeast,
  isReady,
  reportJson,
  reportLines,
} from '../../setup/doctor-report.ts';

const node: Check = { name: 'Node.js', state: 'ok', found: '20.20.2' };
const port: Check = { name: 'Port 8080', state: 'warning', found: 'taken', advice: 'another one' };
const ffmpeg: Check = { name: 'ffmpeg', state: 'missing', found: 'not found', advice: 'install' };

describe('the report of npm run doctor', () => {
  it('is ready with notes, and not ready when something is missing', () => {
    expect(isReady([node, port])).toBe(true);
    expect(isReady([node, port, ffmpeg])).toBe(false);
  });

  it('prints one aligned line for each check and the advice below', () => {
    expect(reportLines([node, ffmpeg])).toEqual([
      'ok       Node.js  20.20.2',
      'MISSING  ffmpeg   not found',
      '',
      'ffmpeg: install',
      '',
      'Something that is needed is missing.',
    ]);
  });

  it('says the same in JSON', () => {
    expect(JSON.parse(reportJson([node, port]))).toEqual({ ready: true, checks: [node, port] });
  });

  it('compares versions number by number', () => {
    expect(isAtLeast('20.19.0', '20.19.0')).toBe(true);
    expect(isAtLeast('20.9.0', '20.19.0')).toBe(false);
    expect(isAtLeast('22.1.0', '20.19.0')).toBe(true);
    expect(isAtLeast('20.19', '20.19.1')).toBe(false);
  });
});
