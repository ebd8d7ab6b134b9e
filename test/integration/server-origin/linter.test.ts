import { once } from 'node:events';
import { createServer } from 'node:http';
import { unwrap } from '@shoal/protocol';
import { FlvMuxer, FlvStream, fragmentMsFor, ROUNDING_MS, Segmenter } from '@shoal/server/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { LintedOrigin } from '../../support/lint/lint-origin.ts';
import { checkRun, type KeptSegment, type Run } from '../../support/lint/media-check.ts';
import { findFfprobe } from '../../support/lint/media-tools.ts';
import { type LintedVariant } from '../../support/lint/multivariant.ts';
import { checkStreams } from '../../support/lint/stream-names.ts';
import { until } from '../../support/until.ts';
import { lowLatency } from '../../unit/lint/playlists.ts';
import { makeFlv } from './flv-files.ts';

const EPOCH = 1_700_000_000;
let run: Run;

// Five segments of a second, as the origin makes them.
beforeAll(async () => {
  const muxer = new FlvMuxer({ fragmentMs: fragmentMsFor(1_000) });
  const limitMs = (): number => 1_000 + ROUNDING_MS;
  const cutter = new Segmenter({ targetMs: 1_000, fragmentMs: fragmentMsFor(1_000), limitMs });
  const tags = unwrap(new FlvStream().push(await makeFlv('160x90', 5)));
  const chunks = [...tags.flatMap((tag) => unwrap(muxer.push(tag))), ...muxer.finish()];
  const cuts = chunks.flatMap((chunk) => unwrap(cutter.push(chunk)));
  const init = cuts.flatMap((cut) => (cut.type === 'init' ? cut.renditions : []))[0]?.bytes;
  const made = cuts.flatMap((cut) => (cut.type === 'segment' ? [cut.segment] : []));
  const segments = [...made, ...cutter.finish()].map((cut, msn): KeptSegment => ({
    segment: {
      ...{ msn, uri: `${EPOCH}-${msn}.m4s`, epoch: EPOCH, map: `${EPOCH}-init.mp4` },
      ...{ duration: Math.round(cut.durationMs) / 1000, discontinuity: 0 },
      programDateTime: EPOCH * 1000 + Math.round(cut.startMs),
    },
    bytes: cut.media[0] ?? new Uint8Array(0),
    independent: true,
  }));
  run = { init: init ?? new Uint8Array(0), segments };
});

async function found(of: Run): Promise<string> {
  const problems: string[] = [];
  await checkRun(of, (problem) => problems.push(problem));
  return problems.join('\n');
}

/** The run with its third segment changed. */
function third(change: (kept: KeptSegment) => KeptSegment): Run {
  const segments = run.segments.map((kept, i) => (i === 2 ? change(kept) : kept));
  return { ...run, segments };
}

// The ffmpeg that npm brings has no ffprobe.
describe.skipIf((await findFfprobe()) === undefined)('the check of media', () => {
  it('finds nothing in what the origin makes', async () => {
    expect(run.segments.length).toBeGreaterThanOrEqual(5);
    expect(await found(run)).toBe('');
  });

  it('finds lengths and dates that are not those of the media', async () => {
    const long = third((kept) => ({
      ...kept,
      segment: { ...kept.segment, duration: kept.segment.duration + 0.004 },
    }));
    expect(await found(long)).toMatch(/-2\.m4s: EXTINF is 1\.004, its media last 1\.0000/);
    const late = third((kept) => ({
      ...kept,
      segment: { ...kept.segment, programDateTime: kept.segment.programDateTime + 10 },
    }));
    expect(await found(late)).toMatch(/-2\.m4s: is dated 2\.01 s after another/);
  });

  it('finds a segment that is missing, there twice, or damaged', async () => {
    const missing = { ...run, segments: run.segments.filter((_, i) => i !== 2) };
    expect(await found(missing)).toMatch(/-3\.m4s: video begins 999\.7 ms after/);
    const [, second] = run.segments;
    const twice = await found(third((kept) => ({ ...kept, bytes: second?.bytes ?? kept.bytes })));
    expect(twice).toMatch(/-2\.m4s: decode time of (video|audio) goes from/);
    const damaged = await found(
      third((kept) => {
        const bytes = Uint8Array.from(kept.bytes);
        // Among the pictures, which come first.
        bytes.fill(0x5a, bytes.length / 4, bytes.length / 2);
        return { ...kept, bytes };
      }),
    );
    expect(damaged).toMatch(/ffmpeg says/);
  });

  it('finds a segment that is no IDR picture, and parts whose INDEPENDENT is not true', async () => {
    const whole = run.segments[2];
    if (whole === undefined) throw new Error('no third segment');
    // The type of the first NAL unit of a slice: an IDR picture becomes another one.
    const bytes = Uint8Array.from(whole.bytes);
    const idr = [...bytes.keys()].filter(
      (at) => ((bytes[at] ?? 0) & 0x9f) === 5 && isUnit(bytes, at),
    );
    for (const at of idr) bytes[at] = 0x61;
    expect(idr.length).toBeGreaterThan(0);
    expect(await found(third((kept) => ({ ...kept, bytes })))).toMatch(
      /-2\.m4s: does not begin with an IDR picture/,
    );
    const parted = (independent: boolean): Run =>
      third((kept) => ({
        ...kept,
        parts: {
          listed: [{ uri: 'whole.m4s', duration: 1, independent }],
          sizes: [kept.bytes.length],
        },
      }));
    expect(await found(parted(true))).toBe('');
    expect(await found(parted(false))).toMatch(/whole\.m4s: INDEPENDENT is not there/);
  });

  it('finds CODECS, RESOLUTION and FRAME-RATE that are not those of the media', async () => {
    const facts = await checkRun(run, () => undefined);
    if (facts === undefined) return;
    const { level = 0 } = facts.streams.find(({ kind }) => kind === 'video') ?? {};
    const codecs = `avc1.42C0${level.toString(16).padStart(2, '0').toUpperCase()},mp4a.40.2`;
    const right = { uri: 'source/index.m3u8', bandwidth: 2, averageBandwidth: 1, codecs };
    const variant: LintedVariant = { ...right, width: 160, height: 90, frameRate: 30 };
    const said = (change: Partial<LintedVariant>): string => {
      const problems: string[] = [];
      checkStreams({ ...variant, ...change }, facts, (problem) => problems.push(problem));
      return problems.join('\n');
    };
    expect(said({})).toBe('');
    expect(said({ codecs: codecs.replace('42C0', '6400') })).toMatch(/^CODECS is avc1\.6400/);
    expect(said({ codecs: codecs.replace('.2', '.5') })).toMatch(/there is aac LC/);
    expect(said({ codecs: 'mp4a.40.2' })).toMatch(/of 2 streams/);
    expect(said({ height: 91 })).toMatch(/RESOLUTION is 160x91, not 160x90/);
    expect(said({ frameRate: 25 })).toMatch(/FRAME-RATE is 25, not 29\.996/);
  });
});

describe('the watch of an origin', () => {
  it('finds renditions that differ, what is listed and not there, and reports that lack a rendition', async () => {
    const low = lowLatency({ segments: 4 });
    const inf = 'BANDWIDTH=9,AVERAGE-BANDWIDTH=8,CODECS="mp4a.40.2"';
    const files = new Map([
      [
        '/live/demo/index.m3u8',
        [
          '#EXTM3U',
          ...['source', 'low', 'mid'].map((name) => `#EXT-X-STREAM-INF:${inf}\n${name}/index.m3u8`),
          '',
        ].join('\n'),
      ],
      ['/live/demo/source/index.m3u8', low],
      ['/live/demo/low/index.m3u8', low.replace('EXTINF:2.000', 'EXTINF:1.999')],
    ]);
    const server = createServer(({ url = '' }, response) => {
      const text = files.get(url.split('?')[0] ?? '');
      response.writeHead(text === undefined ? 404 : 200).end(text);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const watch = new LintedOrigin({
      base: () => `http://127.0.0.1:${port}`,
      channel: 'demo',
      everyMs: 20,
    });
    await until(() => watch.linter('low').versions > 0, { what: 'a look' });
    await until(() => watch.found >= 10, { what: 'findings' });
    const found = (await watch.finish()).join('\n');
    server.close();
    expect(found).toMatch(/^source: 1700000000-0\.m4s is listed and not there$/m);
    expect(found).toMatch(/^low: ORG-10: 1700000000-0\.m4s is listed otherwise/m);
    expect(found).toMatch(/^source: reports of .*low.*, not of .*mid/m);
    expect(found).toMatch(/independent segments, this does not/);
  });
});

/** Whether a length that fits stands before this byte. */
function isUnit(bytes: Uint8Array, at: number): boolean {
  if (at < 4) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset + at - 4, 4).getUint32(0);
  return length > 200 && at + length <= bytes.length;
}
