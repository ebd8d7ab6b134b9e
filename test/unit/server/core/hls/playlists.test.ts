import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SegmentInfo } from '@shoal/protocol';
import {
  BitrateMeter,
  renderMediaPlaylist,
  renderMultivariant,
  SegmentWindow,
  type WindowSegment,
} from '@shoal/server/core';
import { channelId, renditionId } from '../../../../support/builders.ts';
import { PlaylistLinter } from '../../../../support/lint/playlist-linter.ts';

const ROOT = 'A'.repeat(43);
const START = Date.UTC(2026, 0, 2, 3, 4, 5, 6);

function info(msn: number, epoch: number, size = 100_000): SegmentInfo {
  const durationMs = 2_000;
  return { id: { rendition: renditionId(), epoch, msn }, size, durationMs, root: ROOT };
}

function listed(
  msn: number,
  discontinuity = 0,
  choices: Partial<WindowSegment> = {},
): WindowSegment {
  const epoch = 1_700_000_000 + discontinuity;
  return {
    ...{ epoch, msn, infos: [info(msn, epoch)] },
    programDateTimeMs: START + msn * 2_000,
    discontinuity,
    independent: true,
    ...choices,
  };
}

function render(segments: readonly WindowSegment[], ended = false): string {
  const fixed = { channel: channelId(), rendition: renditionId(), targetDuration: 2 };
  return renderMediaPlaylist({ ...fixed, segments, ended });
}

describe('the media playlist', () => {
  it('SEG-8 SEG-9 ORG-4 has all tags where they belong', () => {
    expect(render([listed(7), listed(8, 1)])).toBe(
      [
        '#EXTM3U',
        '#EXT-X-VERSION:7',
        '#EXT-X-TARGETDURATION:2',
        '#EXT-X-MEDIA-SEQUENCE:7',
        '#EXT-X-DISCONTINUITY-SEQUENCE:0',
        '#EXT-X-INDEPENDENT-SEGMENTS',
        '#EXT-X-SHOAL:VERSION=1,CHANNEL="demo",RENDITION="source"',
        '#EXT-X-MAP:URI="1700000000-init.mp4"',
        '#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:19.006Z',
        '#EXTINF:2.000,',
        `#EXT-X-SHOAL-SEGMENT:EPOCH=1700000000,SIZE=100000,ROOT="${ROOT}"`,
        '1700000000-7.m4s',
        '#EXT-X-DISCONTINUITY',
        '#EXT-X-MAP:URI="1700000001-init.mp4"',
        '#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:21.006Z',
        '#EXTINF:2.000,',
        `#EXT-X-SHOAL-SEGMENT:EPOCH=1700000001,SIZE=100000,ROOT="${ROOT}"`,
        '1700000001-8.m4s',
        '',
      ].join('\n'),
    );
  });

  it('ORG-4 ORG-5 has no discontinuity before the first segment, which is counted instead', () => {
    const text = render([listed(8, 1)]);
    expect(text).toContain('#EXT-X-DISCONTINUITY-SEQUENCE:1\n');
    expect(text).not.toContain('#EXT-X-DISCONTINUITY\n');
  });

  it('ends with ENDLIST, and claims independence only of segments that are', () => {
    expect(render([listed(1)], true)).toMatch(/#EXT-X-ENDLIST\n$/);
    expect(render([listed(1), listed(2, 0, { independent: false })])).not.toMatch(/INDEPENDENT/);
  });

  it('ORG-14 a gap is of version 8, has no tag of a segment, and no map is named for its sake', () => {
    const text = render([listed(7), listed(8, 1, { gap: true }), listed(9, 1)]);
    expect(text).toContain('#EXT-X-VERSION:8\n');
    expect(text.slice(text.indexOf('1700000000-7.m4s'))).toBe(
      [
        '1700000000-7.m4s',
        '#EXT-X-DISCONTINUITY',
        '#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:21.006Z',
        '#EXTINF:2.000,',
        '#EXT-X-GAP',
        '1700000001-8.m4s',
        '#EXT-X-MAP:URI="1700000001-init.mp4"',
        '#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:23.006Z',
        '#EXTINF:2.000,',
        `#EXT-X-SHOAL-SEGMENT:EPOCH=1700000001,SIZE=100000,ROOT="${ROOT}"`,
        '1700000001-9.m4s',
        '',
      ].join('\n'),
    );
  });

  it('ORG-15 of a broadcast that is over says so before its first segment', () => {
    const fixed = { channel: channelId(), rendition: renditionId(), targetDuration: 2 };
    const text = renderMediaPlaylist({ ...fixed, segments: [listed(7)], ended: true, vod: true });
    expect(text).toContain('\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n');
    expect(text).toMatch(/#EXT-X-ENDLIST\n$/);
  });

  it('ORG-5 over any sequence of segments and epochs the linter finds nothing', () => {
    const lives = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat({ max: 5_000 })), {
      minLength: 1,
      maxLength: 10,
    });
    fc.assert(
      fc.property(lives, (epochs) => {
        const window = new SegmentWindow({ listed: 6, kept: 5, maxBytes: 1e9 });
        const linter = new PlaylistLinter();
        let msn = 3;
        let at = START;
        epochs.forEach(([segments, gapMs], discontinuity) => {
          for (let i = 0; i < segments; i++) {
            window.add(listed(msn++, discontinuity, { programDateTimeMs: at }));
            at += 2_000;
            linter.observe(render(window.listed()));
          }
          at += gapMs;
        });
        expect(linter.problems).toEqual([]);
      }),
    );
  });

  it('the linter finds what is wrong', () => {
    const before = [listed(5), listed(6), listed(7, 1)];
    const found = (wrong: string): readonly string[] => {
      const linter = new PlaylistLinter();
      linter.observe(render(before));
      linter.observe(wrong);
      return linter.problems;
    };
    expect(found(render([...before.slice(1), listed(8, 1)]))).toEqual([]);
    const good = render(before);
    expect(found(render([listed(4), ...before]))).toContain('MEDIA-SEQUENCE went back');
    expect(found(good.replace('DURATION:2', 'DURATION:3'))[0]).toMatch(/TARGETDURATION changed/);
    expect(found(good.replace('EXTINF:2.000', 'EXTINF:2.600'))[0]).toMatch(/beyond the target/);
    expect(found(good.replace('SEQUENCE:0', 'SEQUENCE:1'))[0]).toMatch(/changed from/);
    expect(found(good.replace('\n#EXT-X-DISCONTINUITY\n', '\n'))[0]).toMatch(/changed from/);
    expect(found(good.replace(/#EXT-X-SHOAL:.*\n/, ''))).toContain('SEG-8: no EXT-X-SHOAL');
    expect(found(good.replace(/#EXT-X-SHOAL-SEGMENT.*\n/, ''))[0]).toMatch(/^SEG-9/);
    expect(found(good.replace(/#EXT-X-MAP.*\n/, ''))[0]).toMatch(/has the map/);
    expect(found(good.replace(/19\.006Z/, '19.006+0000'))[0]).toMatch(/programme date/);
    expect(found(render(before.slice(0, 2)))).toContain('a listed segment vanished from the end');
    const late = listed(6, 0, { programDateTimeMs: START + 13_000 });
    expect(found(render([listed(5), late, listed(7, 1)])).join()).toMatch(/ms between programme/);
  });
});

describe('the segment window', () => {
  it('lists the newest, keeps some more, and returns what it drops', () => {
    const window = new SegmentWindow({ listed: 6, kept: 5, maxBytes: 1e9 });
    const dropped = Array.from({ length: 20 }, (_, msn) => window.add(listed(msn))).flat();
    expect(window.listed().map((segment) => segment.msn)).toEqual([14, 15, 16, 17, 18, 19]);
    expect(dropped.map((segment) => segment.msn)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('stays below its bytes, and lists three segments even so', () => {
    const window = new SegmentWindow({ listed: 10, kept: 5, maxBytes: 1_000_000 });
    for (let msn = 0; msn < 20; msn++)
      window.add(listed(msn, 0, { infos: [info(msn, 1, 150_000)] }));
    expect(window.listed()).toHaveLength(6);
    for (let msn = 20; msn < 30; msn++)
      window.add(listed(msn, 0, { infos: [info(msn, 1, 30_000_000)] }));
    expect(window.listed()).toHaveLength(3);
  });

  it('forgets an epoch with its last segment', () => {
    const window = new SegmentWindow({ listed: 6, kept: 5, maxBytes: 1e9 });
    window.add(listed(0, 0));
    for (let msn = 1; msn < 11; msn++) window.add(listed(msn, 1));
    expect(window.hasEpoch(1_700_000_000)).toBe(true);
    window.add(listed(11, 1));
    expect(window.hasEpoch(1_700_000_000)).toBe(false);
  });

  it('a window that breaks RFC 8216 cannot be made', () => {
    expect(() => new SegmentWindow({ listed: 5, kept: 5, maxBytes: 1 })).toThrow();
    expect(() => new SegmentWindow({ listed: 6, kept: 4, maxBytes: 1 })).toThrow();
  });
});

describe('the multivariant playlist', () => {
  it('describes a rendition', () => {
    const text = renderMultivariant(
      [
        {
          rendition: renditionId(),
          codecs: 'avc1.64001F,mp4a.40.2',
          resolution: { width: 1280, height: 720 },
          frameRate: 29.97,
          peakBitrate: 3_000_000.2,
          averageBitrate: 2_500_000,
        },
      ],
      { independent: true },
    );
    expect(text).toBe(
      '#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n' +
        '#EXT-X-STREAM-INF:BANDWIDTH=3000001,AVERAGE-BANDWIDTH=2500000,CODECS="avc1.64001F,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970\n' +
        'source/index.m3u8\n',
    );
  });

  it('ORG-30 lists sound that is a rendition of its own, and counts it in every variant', () => {
    const bitrates = { peakBitrate: 1_000, averageBitrate: 800 };
    const text = renderMultivariant(
      [
        { rendition: renditionId(), codecs: 'avc1.64001F', ...bitrates },
        { rendition: renditionId('low'), codecs: 'avc1.4D401E', ...bitrates },
        {
          ...{ rendition: renditionId('audio'), codecs: 'mp4a.40.2', channels: 2 },
          ...{ peakBitrate: 130, averageBitrate: 120 },
        },
      ],
      { independent: false, playlists: 'll' },
    );
    const variant = (codec: string): string =>
      `#EXT-X-STREAM-INF:BANDWIDTH=1130,AVERAGE-BANDWIDTH=920,CODECS="${codec},mp4a.40.2",AUDIO="audio"`;
    expect(text.split('\n')).toEqual([
      ...['#EXTM3U', '#EXT-X-VERSION:7'],
      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Audio",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio/ll.m3u8"',
      ...[variant('avc1.64001F'), 'source/ll.m3u8', variant('avc1.4D401E'), 'low/ll.m3u8', ''],
    ]);
  });

  it('leaves out what audio alone does not have', () => {
    const sound = {
      rendition: renditionId(),
      codecs: 'mp4a.40.2',
      peakBitrate: 1,
      averageBitrate: 1,
    };
    expect(renderMultivariant([sound], { independent: false })).toBe(
      '#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1,CODECS="mp4a.40.2"\nsource/index.m3u8\n',
    );
  });

  it('the bitrates are those of the bytes; a short segment counts with its neighbours', () => {
    const meter = new BitrateMeter();
    expect([meter.average, meter.peak]).toEqual([0, 0]);
    meter.add({ size: 250_000, durationMs: 2_000 }, 2_000);
    meter.add({ size: 500_000, durationMs: 2_000 }, 2_000);
    expect([meter.average, meter.peak]).toEqual([1_500_000, 2_000_000]);
    meter.add({ size: 10_000, durationMs: 100 }, 2_000);
    expect(meter.peak).toBe(2_000_000);
    // Alone it is no peak; what it makes with those before it is (RFC 8216 section 4.1).
    meter.add({ size: 200_000, durationMs: 100 }, 2_000);
    expect(meter.peak).toBeCloseTo((710_000 * 8_000) / 2_200, 3);
    meter.add({ size: 1_000_000, durationMs: 4_000 }, 2_000);
    expect(meter.peak).toBeCloseTo((710_000 * 8_000) / 2_200, 3);
  });
});
