import { describe, expect, it } from 'vitest';
import { readMediaPlaylist } from '../../support/lint/media-playlist.ts';
import { PlaylistLinter } from '../../support/lint/playlist-linter.ts';
import { secondOpinions } from '../../support/lint/second-opinions.ts';
import { lowLatency, type MadePlaylist, partUri, PARTS, plain } from './playlists.ts';

const OPEN = PARTS.slice(0, 2);

function problems(...versions: readonly string[]): readonly string[] {
  const linter = new PlaylistLinter();
  for (const version of versions) linter.observe(version);
  return linter.problems;
}

/** What is found wrong with a playlist of Low-Latency HLS that is right but for this. */
function wrong(change: Partial<MadePlaylist>): string {
  return problems(lowLatency({ segments: 8, open: OPEN, ...change })).join('\n');
}

describe('the linter of Low-Latency HLS', () => {
  it('finds nothing in a playlist that grows by parts, nor in one without any', () => {
    const grows = [0, 1, 2, 3].map((n) => lowLatency({ segments: 8, open: PARTS.slice(0, n) }));
    const next = lowLatency({ first: 1, segments: 8, open: PARTS.slice(0, 1) });
    expect(problems(...grows, next)).toEqual([]);
    expect(problems(plain(0, 4), plain(1, 4), plain(3, 4))).toEqual([]);
    // The first parts of another broadcast, which lists nothing of the one before.
    const begins = lowLatency({ first: 8, segments: 0, open: OPEN }).replace(/#EXT-X-REND.*\n/, '');
    expect(problems(lowLatency({ segments: 8 }), begins)).toEqual([]);
  });

  it('reads parts, hint, reports and control as two parsers of others do', () => {
    const linter = new PlaylistLinter();
    const { lowLatency: low } = linter.observe(lowLatency({ segments: 8, open: OPEN }));
    expect(low).toMatchObject({ partTarget: 0.5, canBlockReload: true, canSkipUntil: 12 });
    expect(low).toMatchObject({ holdBack: 6, partHoldBack: 1.5 });
    expect(low?.parts.map(({ msn, parts }) => [msn, parts.length])).toEqual([
      [6, 4],
      [7, 4],
      [8, 2],
    ]);
    expect(low?.hints).toEqual([{ type: 'PART', uri: partUri(8, 2) }]);
    expect(low?.reports).toEqual([{ uri: '../low/index.m3u8', lastMsn: 8, lastPart: 1 }]);
    expect(linter.problems).toEqual([]);
  });

  it('finds parts that are longer than PART-TARGET, or shorter than 85 % of it', () => {
    expect(wrong({ open: [{ duration: 0.501, independent: true }] })).toMatch(
      /lasts 0.501, PART-TARGET is 0.5/,
    );
    const short = [{ duration: 0.42, independent: true }, ...PARTS.slice(1, 2)];
    expect(wrong({ open: short })).toMatch(/lasts 0.42, less than 85 %/);
    // The last one of a segment may be as short as it is.
    expect(wrong({ open: [...OPEN, { duration: 0.1 }] })).toBe('');
  });

  it('finds parts that do not make their segment, in time or independence', () => {
    const text = lowLatency({ segments: 8, open: OPEN });
    const shorter = text.replace(
      `DURATION=0.500,URI="${partUri(7, 3)}"`,
      `DURATION=0.490,URI="${partUri(7, 3)}"`,
    );
    expect(problems(shorter).join()).toMatch(/lasts 2, its parts 1.99/);
    const dependent = text.replace(`"${partUri(7, 0)}",INDEPENDENT=YES`, `"${partUri(7, 0)}"`);
    expect(problems(dependent).join()).toMatch(/first part is not INDEPENDENT/);
    expect(wrong({ withParts: 6 })).toMatch(/more than three target durations/);
    expect(wrong({ withParts: 3 })).toBe('');
  });

  it('finds times to hold back, and a skip boundary, that are too short', () => {
    const control = (rest: string): string => wrong({ control: `CAN-BLOCK-RELOAD=YES,${rest}` });
    expect(control('PART-HOLD-BACK=1.4')).toMatch(/PART-HOLD-BACK is 1.4, less than 1.5/);
    expect(control('PART-HOLD-BACK=1.5,HOLD-BACK=5.9')).toMatch(/^HOLD-BACK is 5.9/m);
    expect(control('PART-HOLD-BACK=1.5,CAN-SKIP-UNTIL=11')).toMatch(/CAN-SKIP-UNTIL is 11/);
    expect(control('HOLD-BACK=6')).toMatch(/parts without PART-HOLD-BACK/);
    expect(wrong({ control: 'PART-HOLD-BACK=1.5' })).toMatch(/without CAN-BLOCK-RELOAD/);
    expect(wrong({ control: 'CAN-BLOCK-RELOAD=YES, PART-HOLD-BACK=1.5' })).toMatch(
      /is no attribute list/,
    );
  });

  it('finds a preload hint that is not what comes next', () => {
    const before = lowLatency({ segments: 8, open: OPEN });
    const after = lowLatency({ segments: 8, open: PARTS.slice(0, 3) });
    expect(problems(before, after)).toEqual([]);
    const lied = lowLatency({ segments: 8, open: OPEN, hint: 'another.m4s' });
    expect(problems(lied, after)).toEqual([
      `${partUri(8, 2)}: came instead of another.m4s, which was hinted at`,
    ]);
    const known = lowLatency({ segments: 8, open: OPEN, hint: partUri(8, 1) });
    expect(problems(known).join()).toMatch(/is hinted at, and listed/);
    const none = before.replace(/#EXT-X-PRELOAD-HINT.*\n/, '');
    expect(problems(none).join()).toMatch(/0 preload hints/);
    // The first part of the next segment is the one that follows the last of this one.
    const whole = lowLatency({ segments: 8, open: PARTS });
    const next = lowLatency({ segments: 9, open: PARTS.slice(0, 1) });
    expect(problems(whole, next).join()).toMatch(/came instead of/);
    const rightly = lowLatency({ segments: 8, open: PARTS, hint: partUri(9, 0) });
    expect(problems(rightly, next)).toEqual([]);
  });

  it('finds parts that change or vanish, and reports of renditions that are elsewhere', () => {
    const before = lowLatency({ segments: 8, open: OPEN });
    const changed = lowLatency({
      segments: 8,
      open: [PARTS[0] ?? { duration: 0.5 }, { duration: 0.48 }],
    });
    expect(problems(before, changed).join()).toMatch(/changed or vanished/);
    expect(problems(before, lowLatency({ segments: 8 })).join()).toMatch(/vanish/);
    expect(problems(before.replace('LAST-MSN=8', 'LAST-MSN=5')).join()).toMatch(/reported at 5/);
    expect(problems(before.replace(',LAST-PART=1', '')).join()).toMatch(/without LAST-PART/);
  });

  it('checks that a delta update makes the same playlist', () => {
    const delta = (of: MadePlaylist, update: Partial<MadePlaylist> = {}): readonly string[] => {
      const linter = new PlaylistLinter();
      linter.observe(lowLatency(of));
      linter.observeDelta(lowLatency({ ...of, ...update }));
      return linter.problems;
    };
    const of = { segments: 12, open: OPEN };
    expect(delta(of, { skip: 6 })).toEqual([]);
    expect(delta(of)).toEqual([]);
    expect(delta(of, { skip: 7 }).join()).toMatch(/only 11.000 s from the end/);
    expect(delta(of, { skip: 6, open: PARTS }).join()).toMatch(/not make the same/);
    expect(delta(of, { skip: 6, version: 8 }).join()).toMatch(/needs version 9/);
    expect(delta(of, { skip: 5, segments: 11 }).join()).toMatch(/not make the same/);
    // Others read how many are skipped, and what is left.
    const longer = new PlaylistLinter();
    longer.observe(lowLatency(of));
    longer.observeDelta(lowLatency({ ...of, skip: 6 }).replace('EXTINF:2.000', 'EXTINF:1.900'));
    expect(longer.problems.join('\n')).toMatch(
      /m3u8-parser reads segments.0.duration as 1.9, we as 2/,
    );
    const linter = new PlaylistLinter();
    linter.observe(lowLatency({ segments: 12, skip: 3 }));
    expect(linter.problems.join()).toMatch(/skipped unasked/);
  });

  it('says which parser reads something else than we do, or objects', () => {
    const found: string[] = [];
    const text = plain(0, 4);
    const report = (problem: string): void => void found.push(problem);
    const read = readMediaPlaylist(text, report);
    secondOpinions(text, read, report);
    expect(found).toEqual([]);
    secondOpinions(text, { ...read, targetDuration: 3 }, report);
    expect(found).toEqual([
      'hls-parser reads targetDuration as 2, we as 3',
      'm3u8-parser reads targetDuration as 2, we as 3',
    ]);
    const long = text.replace('EXTINF:2.000', 'EXTINF:2.600');
    expect(problems(long).join('\n')).toMatch(/hls-parser says: .*EXTINF duration, when rounded/);
  });
});
