/** Hand-made playlists for tests of the linter. */

const ROOT = 'A'.repeat(43);
const START = Date.UTC(2026, 0, 2, 3, 4, 5);
const EPOCH = 1_700_000_000;

/** A part of a segment. */
export type MadePart = { readonly duration: number; readonly independent?: boolean };

/** What a playlist of hand is made of: segments of two seconds, from one second key frame to the next. */
export type MadePlaylist = {
  readonly first?: number;
  readonly segments: number;
  /** How many of the last whole segments have their parts listed: four of 0.5 s each. */
  readonly withParts?: number;
  /** Parts of the unfinished segment. */
  readonly open?: readonly MadePart[];
  readonly control?: string;
  readonly partTarget?: string;
  readonly hint?: string;
  readonly version?: number;
  /** Segments left out, as a delta update does. */
  readonly skip?: number;
};

const CONTROL = 'CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12,HOLD-BACK=6,PART-HOLD-BACK=1.5';
export const PARTS: readonly MadePart[] = [0, 1, 2, 3].map((i) => ({
  duration: 0.5,
  independent: i % 2 === 0,
}));

/** The lines of a segment. */
function segmentLines(msn: number, parts: readonly MadePart[]): readonly string[] {
  return [
    `#EXT-X-PROGRAM-DATE-TIME:${new Date(START + msn * 2_000).toISOString()}`,
    ...partLines(msn, parts),
    '#EXTINF:2.000,',
    `#EXT-X-SHOAL-SEGMENT:EPOCH=${EPOCH},SIZE=100000,ROOT="${ROOT}"`,
    `${EPOCH}-${msn}.m4s`,
  ];
}

function partLines(msn: number, parts: readonly MadePart[]): readonly string[] {
  return parts.map(({ duration, independent = false }, i) =>
    [
      `#EXT-X-PART:DURATION=${duration.toFixed(3)},URI="${partUri(msn, i)}"`,
      ...(independent ? ['INDEPENDENT=YES'] : []),
    ].join(','),
  );
}

export function partUri(msn: number, part: number): string {
  return `${EPOCH}-${msn}.${part}.m4s`;
}

/** A media playlist without Low-Latency HLS. */
export function plain(first: number, segments: number): string {
  return made({ first, segments }, false);
}

/** A media playlist of Low-Latency HLS. */
export function lowLatency(of: MadePlaylist): string {
  return made(of, true);
}

function made(of: MadePlaylist, low: boolean): string {
  const { first = 0, segments, withParts = 2, open = [], skip = 0 } = of;
  const end = first + segments;
  const hint = of.hint ?? partUri(end, open.length);
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${of.version ?? 9}`,
    '#EXT-X-TARGETDURATION:2',
    ...(low
      ? [
          `#EXT-X-SERVER-CONTROL:${of.control ?? CONTROL}`,
          `#EXT-X-PART-INF:PART-TARGET=${of.partTarget ?? '0.5'}`,
        ]
      : []),
    `#EXT-X-MEDIA-SEQUENCE:${first}`,
    '#EXT-X-DISCONTINUITY-SEQUENCE:0',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    '#EXT-X-SHOAL:VERSION=1,CHANNEL="demo",RENDITION="source"',
    ...(skip > 0
      ? [`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skip}`]
      : [`#EXT-X-MAP:URI="${EPOCH}-init.mp4"`]),
  ];
  for (let msn = first + skip; msn < end; msn++)
    lines.push(...segmentLines(msn, low && msn >= end - withParts ? PARTS : []));
  if (low) {
    if (open.length > 0)
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(START + end * 2_000).toISOString()}`);
    lines.push(...partLines(end, open), `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${hint}"`);
    const [msn, part] = open.length > 0 ? [end, open.length - 1] : [end - 1, 3];
    lines.push(`#EXT-X-RENDITION-REPORT:URI="../low/index.m3u8",LAST-MSN=${msn},LAST-PART=${part}`);
  }
  return `${lines.join('\n')}\n`;
}
