import { afterEach, describe, expect, it, vi } from 'vitest';
import { Emitter } from '../../../../../client-sdk/src/adapters/host/emitter.ts';
import { shoalWarning } from '../../../../../client-sdk/src/errors.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('events', () => {
  it('reach every listener until its undo, also one that listens twice', () => {
    const emitter = new Emitter();
    const heard: number[] = [];
    const listener = ({ connected }: { readonly connected: number }): void => {
      heard.push(connected);
    };
    const undo = emitter.on('peers', listener);
    emitter.on('peers', listener);
    emitter.emit('peers', { connected: 1 });
    undo();
    undo();
    emitter.emit('peers', { connected: 2 });
    expect(heard).toEqual([1, 1, 2]);
  });

  it('reach the others when one listener throws', () => {
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {});
    const emitter = new Emitter();
    const heard: boolean[] = [];
    emitter.on('p2p', () => {
      throw new Error('listener');
    });
    emitter.on('p2p', ({ enabled }) => heard.push(enabled));
    emitter.emit('p2p', { enabled: true });
    expect(heard).toEqual([true]);
    expect(errors).toHaveBeenCalledOnce();
  });

  it('keep warnings of start-up for the first listener, at most 16', () => {
    const emitter = new Emitter();
    for (let i = 0; i < 20; i++) emitter.warn(shoalWarning('corrupt-peer', { detail: `${i}` }));
    const heard: string[] = [];
    emitter.on('warning', ({ message }) => heard.push(message));
    expect(heard).toHaveLength(16);
    emitter.on('warning', ({ code }) => heard.push(code));
    expect(heard).toHaveLength(16);
    emitter.warn(shoalWarning('corrupt-peer'));
    expect(heard).toHaveLength(18);
  });
});
