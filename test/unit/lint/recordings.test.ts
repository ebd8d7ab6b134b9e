import { describe, expect, it } from 'vitest';
import { readMediaPlaylist } from '../../support/lint/media-playlist.ts';
import { MediaShelf } from '../../support/lint/media-shelf.ts';
import { PlaylistLinter } from '../../support/lint/playlist-linter.ts';
import { plain } from './playlists.ts';

const TAG = /#EXT-X-SHOAL-SEGMENT:.*\n/;

/** Of four segments the one with this number is a gap. */
function withGap(msn: number): string {
  const lines = plain(0, 4).split('\n');
  const at = lines.findIndex((line) => line.endsWith(`-${msn}.m4s`));
  return [...lines.slice(0, at - 1), '#EXT-X-GAP', ...lines.slice(at)].join('\n');
}

function asVod(text: string): string {
  const type = '#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS';
  return `${text.replace('#EXT-X-INDEPENDENT-SEGMENTS', type)}#EXT-X-ENDLIST\n`;
}

function wrong(text: string): string {
  const linter = new PlaylistLinter();
  linter.observe(text);
  return linter.problems.join('\n');
}

describe('the linter of recordings', () => {
  it('finds nothing wrong with a gap or a VOD, and reads them as two parsers of others do', () => {
    expect(wrong(withGap(2))).toBe('');
    expect(wrong(asVod(plain(0, 4)))).toBe('');
    const { type, segments } = readMediaPlaylist(asVod(withGap(1)), () => undefined);
    expect(type).toBe('VOD');
    expect(segments.map(({ gap }) => gap)).toEqual([undefined, true, undefined, undefined]);
  });

  it('finds gaps of too old a version, or that somebody could share', () => {
    const old = withGap(2).replace('#EXT-X-VERSION:9', '#EXT-X-VERSION:7');
    expect(wrong(old)).toMatch(/EXT-X-GAP needs version 8/);
    const [tag = ''] = TAG.exec(plain(0, 4)) ?? [];
    expect(wrong(withGap(2).replace('#EXT-X-GAP', `#EXT-X-GAP\n${tag.trim()}`))).toMatch(
      /-2\.m4s is a gap, and has EXT-X-SHOAL-SEGMENT/,
    );
    expect(wrong(withGap(2).replace('#EXT-X-GAP\n', ''))).toMatch(/-2\.m4s has no EXT-X-SHOAL/);
  });

  it('finds a VOD without an end, and a type that there is not', () => {
    const open = asVod(plain(0, 4)).replace('#EXT-X-ENDLIST\n', '');
    expect(wrong(open)).toMatch(/a VOD that is not at its end/);
    expect(wrong(asVod(plain(0, 4)).replace('TYPE:VOD', 'TYPE:LIVE'))).toMatch(/TYPE is LIVE/);
  });

  it('does not fetch gaps, nor count them in bitrates', async () => {
    const asked: string[] = [];
    const report = (problem: string): void => void asked.push(problem);
    const shelf = new MediaShelf((uri) => {
      asked.push(uri);
      return Promise.resolve(Uint8Array.of(1, 2, 3));
    }, report);
    const playlist = readMediaPlaylist(withGap(1), report);
    await shelf.take(playlist);
    expect(asked.map((uri) => uri.replace(/^\d+-/, ''))).toEqual([
      ...['init.mp4', '0.m4s', '2.m4s', '3.m4s'],
    ]);
    expect(shelf.weights(playlist).weights).toHaveLength(3);
  });
});
