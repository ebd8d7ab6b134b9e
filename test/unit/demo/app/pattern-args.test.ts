import { describe, expect, it } from 'vitest';
import { patternArgs } from '@shoal/demo/app/pattern-args';

const valueOf = (args: readonly string[], name: string): string | undefined =>
  args[args.indexOf(name) + 1];

describe('the arguments of the test pattern', () => {
  const args = patternArgs({ width: 1280, height: 720 }, 'rtmp://127.0.0.1:1935/live/key');

  it('make a keyframe exactly every two seconds and no other', () => {
    expect(args.join(' ')).toContain('testsrc2=size=1280x720:rate=30');
    expect([valueOf(args, '-g'), valueOf(args, '-keyint_min')]).toEqual(['60', '60']);
    expect(valueOf(args, '-sc_threshold')).toBe('0');
  });

  it('publish FLV to the URL, last of all', () => {
    expect(args.slice(-3)).toEqual(['-f', 'flv', 'rtmp://127.0.0.1:1935/live/key']);
  });

  it('spend fewer bits on a smaller picture', () => {
    expect(valueOf(args, '-b:v')).toBe('1600k');
    expect(valueOf(patternArgs({ width: 640, height: 360 }, 'x'), '-b:v')).toBe('400k');
    expect(valueOf(patternArgs({ width: 64, height: 64 }, 'x'), '-b:v')).toBe('200k');
  });
});
