import { describe, expect, it } from 'vitest';
import { Duplex } from '../../../../../../client-sdk/src/adapters/peer/lean/streamx.ts';
import { arr2hex } from '../../../../../../client-sdk/src/adapters/peer/lean/uint8-util.ts';

describe('what stands in for the packages of simple-peer', () => {
  it('hands data on at once, and the end once, after what led to it', async () => {
    const seen: unknown[] = [];
    const stream = new Duplex();
    stream.on('data', (data) => seen.push(data)).on('end', () => seen.push('end'));
    stream.push(1);
    stream.end();
    stream.end();
    stream.push(2);
    expect(seen).toEqual([1]);
    await Promise.resolve();
    expect(seen).toEqual([1, 'end']);
  });

  it('says that it is closed once it was destroyed', () => {
    const seen: string[] = [];
    const stream = new Duplex().on('close', () => seen.push('close'));
    stream.destroy();
    expect(stream.destroyed).toBe(true);
    expect(seen).toEqual(['close']);
  });

  it('calls listeners in order, those for once a single time, and those removed no more', () => {
    const seen: string[] = [];
    const removed = (): void => {
      seen.push('removed');
    };
    const stream = new Duplex();
    stream.once('x', () => seen.push('once'));
    stream.on('x', () => seen.push('always')).on('x', removed);
    stream.removeListener('x', removed);
    expect([stream.emit('x'), stream.emit('x'), stream.emit('y')]).toEqual([true, true, false]);
    expect(seen).toEqual(['once', 'always', 'always']);
  });

  it('writes bytes as hexadecimal digits', () => {
    expect(arr2hex(Uint8Array.of(0, 10, 255))).toBe('000aff');
  });
});
