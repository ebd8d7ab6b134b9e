import { describe, expect, it } from 'vitest';
import {
  canInstall,
  CHROMIUM_COMMANDS,
  ensureChromium,
  ensureFfmpeg,
  howToInstall,
  type Machine,
  offerPostgres,
  SetupError,
} from '../../setup/install.ts';

const machine = (fields: Partial<Machine> = {}): Machine => ({
  platform: 'linux',
  isRoot: true,
  hasApt: true,
  env: { PATH: '/nowhere' },
  ...fields,
});

describe('installing what the tests need', () => {
  it('installs by itself only as root with apt', () => {
    expect(canInstall(machine())).toBe(true);
    expect(canInstall(machine({ isRoot: false }))).toBe(false);
    expect(canInstall(machine({ hasApt: false }))).toBe(false);
    expect(canInstall(machine({ platform: 'darwin' }))).toBe(false);
  });

  it('names the exact command for each system otherwise', () => {
    const text = howToInstall(machine());
    for (const command of Object.values(CHROMIUM_COMMANDS)) expect(text).toContain(command);
    expect(text).toContain('CHROMIUM_PATH=');
  });

  it('refuses a CHROMIUM_PATH that cannot be run instead of installing another browser', async () => {
    const printed: string[] = [];
    const wrong = machine({ env: { CHROMIUM_PATH: '/nowhere/chromium' } });
    const failure = ensureChromium((line) => printed.push(line), wrong);
    await expect(failure).rejects.toThrow(SetupError);
    await expect(failure).rejects.toThrow('/nowhere/chromium, which cannot be run');
    expect(printed).toEqual([]);
  });

  it('fails with the commands where it may not install', async () => {
    // A system without standard places, so that a browser of this machine is not found.
    const elsewhere = machine({ platform: 'win32', env: {} });
    await expect(ensureChromium(() => {}, elsewhere)).rejects.toMatchObject({
      code: 'chromium-missing',
    });
  });

  it('wants an ffmpeg with ffprobe, or says how to get it', async () => {
    const missing = ensureFfmpeg(() => {}, machine({ isRoot: false }));
    await expect(missing).rejects.toMatchObject({ code: 'ffmpeg-missing' });
    const named = machine({ isRoot: false, env: { FFMPEG_PATH: '/opt/ffmpeg' } });
    await expect(ensureFfmpeg(() => {}, named)).resolves.toBeUndefined();
  });

  it('does without PostgreSQL where it may not install it, and says so', async () => {
    const printed: string[] = [];
    const print = (line: string): void => void printed.push(line);
    const elsewhere = machine({ isRoot: false });
    await offerPostgres(print, { isThere: () => true, machine: elsewhere });
    expect(printed).toEqual([]);
    await offerPostgres(print, { isThere: () => false, machine: elsewhere });
    expect(printed.join()).toMatch(/run on SQLite alone/);
  });
});
