import { describe, expect, it } from 'vitest';
import { type QualityPlayer, qualityOptions } from '@shoal/demo/viewer/quality-menu';

const levels = [
  { width: 640, height: 360, bitrate: 800_000 },
  { width: 1280, height: 720, bitrate: 3_000_000 },
  { width: 0, height: 0, bitrate: 128_000 },
];
const player = (more: Partial<QualityPlayer> = {}): QualityPlayer => ({
  ...{ levels, currentLevel: 0, autoLevelEnabled: true, nextLevel: -1 },
  ...more,
});

describe('the menu of qualities', () => {
  it('has the best first, and says what the player has chosen', () => {
    expect(qualityOptions(player())).toEqual([
      { text: 'Auto (360p)', value: -1, chosen: true },
      { text: '720p', value: 1, chosen: false },
      { text: '360p', value: 0, chosen: false },
      { text: '128 kbit/s', value: 2, chosen: false },
    ]);
  });

  it('shows what the viewer has chosen', () => {
    const options = qualityOptions(player({ autoLevelEnabled: false, currentLevel: 1 }));
    expect(options.find(({ chosen }) => chosen)).toMatchObject({ text: '720p' });
    expect(options[0]?.text).toBe('Auto');
  });

  it('is empty where nothing plays', () => {
    expect(qualityOptions(undefined)).toEqual([]);
    expect(qualityOptions(player({ levels: [], currentLevel: -1 }))).toHaveLength(1);
  });
});
