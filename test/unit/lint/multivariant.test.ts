import { describe, expect, it } from 'vitest';
import {
  averageBitrate,
  checkBitrates,
  peakBitrate,
  readMultivariant,
} from '../../support/lint/multivariant.ts';

const INF =
  'BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2000000,CODECS="avc1.64001F,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970';

function read(...variants: readonly string[]) {
  const problems: string[] = [];
  const lines = variants.map((inf, i) => `#EXT-X-STREAM-INF:${inf}\n${i}/index.m3u8\n`);
  const text = `#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n${lines.join('')}`;
  const playlist = readMultivariant(text, (problem) => problems.push(problem));
  return { playlist, problems };
}

describe('the linter of multivariant playlists', () => {
  it('reads what two parsers of others read', () => {
    const { playlist, problems } = read(INF, 'BANDWIDTH=9,AVERAGE-BANDWIDTH=8,CODECS="mp4a.40.2"');
    expect(problems).toEqual([]);
    expect(playlist.independent).toBe(true);
    expect(playlist.variants).toEqual([
      {
        ...{ uri: '0/index.m3u8', bandwidth: 3_000_000, averageBandwidth: 2_000_000 },
        ...{ codecs: 'avc1.64001F,mp4a.40.2', width: 1280, height: 720, frameRate: 29.97 },
      },
      { uri: '1/index.m3u8', bandwidth: 9, averageBandwidth: 8, codecs: 'mp4a.40.2' },
    ]);
  });

  it('finds what is missing, contradicts itself, or is no attribute list', () => {
    const found = (change: readonly [string, string]): string =>
      read(INF.replace(...change)).problems.join('\n');
    expect(found(['BANDWIDTH=3000000,', ''])).toMatch(/^BANDWIDTH is absent/m);
    expect(found(['=2000000', '=4000000'])).toMatch(/AVERAGE-BANDWIDTH is above BANDWIDTH/);
    expect(found([',RESOLUTION=1280x720', ''])).toMatch(/do not go together/);
    expect(found([',RESOLUTION', ', RESOLUTION'])).toMatch(/is no attribute list/);
    expect(read().problems).toContain('no variants are listed');
  });

  const SOUND =
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Audio",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio/index.m3u8"\n';
  const withSound = (sound: string, group = 'audio') => {
    const problems: string[] = [];
    const variant = `#EXT-X-STREAM-INF:${INF},AUDIO="${group}"\nsource/index.m3u8\n`;
    const text = `#EXTM3U\n#EXT-X-VERSION:7\n${sound}${variant}`;
    return { ...readMultivariant(text, (problem) => problems.push(problem)), problems };
  };

  it('ORG-30 reads sound that is a rendition of its own as two parsers of others do', () => {
    const { problems, sounds, variants } = withSound(SOUND);
    expect(problems).toEqual([]);
    expect(sounds).toEqual([
      {
        ...{ group: 'audio', name: 'Audio', uri: 'audio/index.m3u8', channels: '2' },
        ...{ isDefault: true, autoselect: true },
      },
    ]);
    expect(variants[0]?.audio).toBe('audio');
  });

  it('ORG-30 finds groups that are not there, or of no use, and sound that lacks something', () => {
    const found = (sound: string, group?: string): string =>
      withSound(sound, group).problems.join('\n');
    expect(found(SOUND, 'other')).toMatch(/has the sound of other, which is not listed/);
    expect(found(SOUND, 'other')).toMatch(/nothing has the sound of audio/);
    expect(found(SOUND.replace('AUTOSELECT=YES', 'AUTOSELECT=NO'))).toMatch(/DEFAULT without/);
    expect(found(SOUND.replace(',CHANNELS="2"', ''))).toMatch(/EXT-X-MEDIA has no CHANNELS/);
    expect(found(SOUND.replace('audio/index', 'source/index'))).toMatch(/is a variant too/);
  });

  it('the peak is that of any set of 0.5 to 1.5 target durations, as RFC 8216 section 4.1 has it', () => {
    const two = { bytes: 250_000, durationMs: 2_000 };
    const short = { bytes: 200_000, durationMs: 400 };
    expect(peakBitrate([two, two], 2_000)).toBe(1_000_000);
    // Alone it is too short to count; with its neighbour it makes 2.4 s.
    expect(peakBitrate([two, short], 2_000)).toBe(1_500_000);
    expect(peakBitrate([short], 2_000)).toBe(0);
    expect(averageBitrate([two, short])).toBe(1_500_000);
  });

  it('finds bitrates that are not those of the bytes', () => {
    const found = (bandwidth: number, averageBandwidth: number): string => {
      const problems: string[] = [];
      const before = [250_000, 500_000].map((bytes) => ({ bytes, durationMs: 2_000 }));
      const after = [...before, { bytes: 1_000_000, durationMs: 2_000 }];
      checkBitrates(
        { bandwidth, averageBandwidth },
        { before, after, targetDurationMs: 2_000 },
        (problem) => problems.push(problem),
      );
      return problems.join('\n');
    };
    expect(found(2_000_000, 1_500_000)).toBe('');
    expect(found(2_000_000, 2_300_000)).toBe('');
    expect(found(1_900_000, 1_500_000)).toMatch(/BANDWIDTH is 1900000, the peak 2000000/);
    expect(found(2_000_000, 1_900_000)).toMatch(/^AVERAGE-BANDWIDTH/);
  });
});
