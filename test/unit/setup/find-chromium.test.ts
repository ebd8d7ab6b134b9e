import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chromiumCandidates, findChromium } from '../../setup/find-chromium.ts';

describe('looking for a browser', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'shoal-chromium-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const browser = async (name: string, mode = 0o755): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, '#!/bin/sh\necho "Chromium 1.2.3"\n');
    await chmod(path, mode);
    return path;
  };

  it('takes the one that CHROMIUM_PATH names and no other', async () => {
    const named = await browser('mine');
    await browser('chromium');
    expect(await findChromium({ CHROMIUM_PATH: named, PATH: folder }, 'linux')).toEqual({
      path: named,
      source: 'CHROMIUM_PATH',
      version: 'Chromium 1.2.3',
    });
    const wrong = { CHROMIUM_PATH: join(folder, 'absent'), PATH: folder };
    expect(await findChromium(wrong, 'linux')).toBeUndefined();
  });

  it('finds each usual name on the PATH, in order', async () => {
    for (const name of ['google-chrome-stable', 'google-chrome', 'chromium-browser', 'chromium']) {
      const path = await browser(name);
      expect(await findChromium({ PATH: `/nowhere:${folder}` }, 'linux')).toMatchObject({
        path,
        source: 'PATH',
      });
    }
  });

  it('passes over a file that cannot be run', async () => {
    await browser('chromium', 0o644);
    const path = await browser('google-chrome');
    expect((await findChromium({ PATH: folder }, 'linux'))?.path).toBe(path);
  });

  it('knows the standard places of macOS and Windows', () => {
    const paths = (platform: NodeJS.Platform, env: Readonly<Record<string, string>>) =>
      chromiumCandidates(env, platform).map((candidate) => candidate.path);
    expect(paths('darwin', {})).toContain(
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    );
    expect(paths('win32', { PROGRAMFILES: 'C:\\Program Files' })).toContain(
      'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    );
  });
});
