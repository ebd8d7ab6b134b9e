import { join, resolve } from 'node:path/posix';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isStoredPath, isStoredPrefix, ORIGIN_LIMITS } from '@shoal/server/core';

describe('paths of a store', () => {
  it('no path leads out of a folder, or to the folder itself', () => {
    const piece = fc.constantFrom('..', '.', '/', '\\', '%2e', 'a', '~', '\0', ' ', '#', '//', ':');
    const made = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(fc.oneof(made, fc.string()), (path) => {
        if (!isStoredPath(path)) return;
        expect(resolve(join('/store', path))).toBe(`/store${path}`);
        expect(path).not.toMatch(/[\\#\0]/);
      }),
      { numRuns: 5_000 },
    );
  });

  it('what a path begins with is a prefix', () => {
    const path = '/live/..demo/.a/1700000000-1.m4s';
    for (let end = 0; end <= path.length; end++)
      expect(isStoredPrefix(path.slice(0, end)), path.slice(0, end)).toBe(true);
    for (const none of ['a', '//', '/a//b', '/../', '/./a', '/a b'])
      expect(isStoredPrefix(none), none).toBe(false);
  });

  it('names and paths have a limit', () => {
    const name = 'n'.repeat(ORIGIN_LIMITS.storedNameChars);
    expect(isStoredPath(`/${name}`)).toBe(true);
    expect(isStoredPrefix(`/${name}`)).toBe(true);
    expect(isStoredPath(`/${name}n`)).toBe(false);
    const path = '/nnnnnnn'.repeat(ORIGIN_LIMITS.storedPathChars / 8);
    expect(isStoredPath(path)).toBe(true);
    expect(isStoredPath(`${path}n`)).toBe(false);
  });
});
