import { Agent, get } from 'node:http';
import { expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { rung } from './rungs.ts';
import { scene } from './scene.ts';
import type { TestOrigin } from './test-origin.ts';

const { start, publish } = scene();

const LIST = '/live/demo/source/ll.m3u8';
/** Two groups of pictures in each segment, since parts do not end at each of them. */
const PICTURE = [
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-sc_threshold', '0'],
  ...['-g', '30', '-b:v', '200k'],
];

type Part = { readonly file: string; readonly duration: number; readonly independent: boolean };

type Listed = {
  readonly text: string;
  readonly parts: readonly Part[];
  /** Whole segments that the playlist lists: their file names, and EXTINF. */
  readonly segments: readonly { readonly file: string; readonly duration: number }[];
  /** The hinted part, as its segment and number. */
  readonly hint: { readonly file: string; readonly msn: number; readonly part: number } | undefined;
};

function read(text: string): Listed {
  const parts = [...text.matchAll(/^#EXT-X-PART:DURATION=([\d.]+),URI="([^"]+)"(.*)$/gm)];
  const segments = [...text.matchAll(/^#EXTINF:([\d.]+),\n(?:#.*\n)*([^#\n]+)$/gm)];
  const hint = /^#EXT-X-PRELOAD-HINT:TYPE=PART,URI="(\d+-(\d+)\.(\d+)\.m4s)"$/m.exec(text);
  return {
    text,
    parts: parts.map(([, duration, file = '', rest]) => ({
      file,
      duration: Number(duration),
      independent: rest === ',INDEPENDENT=YES',
    })),
    segments: segments.map(([, duration, file = '']) => ({ file, duration: Number(duration) })),
    hint:
      hint === null
        ? undefined
        : { file: hint[1] ?? '', msn: Number(hint[2]), part: Number(hint[3]) },
  };
}

async function live(choices: Parameters<typeof start>[0] = {}): Promise<TestOrigin> {
  const test = await start({ ladder: [], lowLatency: true, segmentSeconds: 2, ...choices });
  await publish(test.rtmpUrl(), { videoArgs: PICTURE });
  return test;
}

async function listWhere(
  test: TestOrigin,
  condition: (listed: Listed) => boolean,
): Promise<Listed> {
  let found: Listed | undefined;
  await until(
    async () => {
      const response = await fetch(test.url(LIST));
      if (!response.ok) return false;
      const listed = read(await response.text());
      if (condition(listed)) found = listed;
      return found !== undefined;
    },
    { what: 'the playlist to have it', timeoutMs: 30_000 },
  );
  if (found === undefined) throw new Error('unreachable');
  return found;
}

/** Status of a GET; its answer may wait. */
async function status(test: TestOrigin, path: string): Promise<number> {
  const response = await fetch(test.url(path));
  await response.arrayBuffer();
  return response.status;
}

it('ORG-18 parts are listed before their segment, and are together its bytes and its time', async () => {
  const test = await live();
  await listWhere(test, ({ parts, segments }) => parts.length > 0 && segments.length === 0);
  const { parts, segments, text } = await listWhere(test, (listed) => listed.segments.length >= 3);
  expect(text).toContain('#EXT-X-PART-INF:PART-TARGET=0.35\n');
  for (const segment of segments.slice(-3)) {
    const stem = segment.file.replace('.m4s', '.');
    const own = parts.filter(({ file }) => file.startsWith(stem));
    expect(own.map(({ file }) => file)).toEqual(own.map((_, i) => `${stem}${i}.m4s`));
    const folder = '/live/demo/source/';
    const bytes = await Promise.all(own.map(({ file }) => test.get(folder + file)));
    expect(Buffer.concat(bytes).equals(await test.get(folder + segment.file))).toBe(true);
    const together = own.reduce((sum, { duration }) => sum + duration, 0);
    expect(Math.abs(together - segment.duration)).toBeLessThan(0.002);
    for (const [i, { duration, independent }] of own.entries()) {
      expect(duration).toBeLessThanOrEqual(0.35);
      if (i < own.length - 1) expect(duration).toBeGreaterThanOrEqual(0.85 * 0.35);
      // A key frame each second: three parts.
      expect(independent).toBe(i % 3 === 0);
    }
  }
  // Ordinary players see the same segments, and nothing of parts.
  const ordinary = await test.text('/live/demo/source/index.m3u8');
  expect(ordinary).toContain(segments.at(-1)?.file);
  expect(ordinary).not.toMatch(/EXT-X-PART|EXT-X-SERVER-CONTROL/);
  // Nor does anybody share what is listed so.
  expect(text).not.toContain('EXT-X-SHOAL');
  expect(test.linter.problems).toEqual([]);
});

it('ORG-18 a reload waits for the part, the segment, or the hinted part that it asks for', async () => {
  const test = await live();
  const { hint } = await listWhere(test, ({ segments, hint: next }) => {
    return segments.length >= 1 && next !== undefined && next.part >= 1;
  });
  if (hint === undefined) throw new Error('no hint');
  const [part, bytes] = await Promise.all([
    test.text(`${LIST}?_HLS_msn=${hint.msn}&_HLS_part=${hint.part}`),
    test.get(`/live/demo/source/${hint.file}`),
  ]);
  expect(read(part).parts.map(({ file }) => file)).toContain(hint.file);
  expect(bytes.length).toBeGreaterThan(0);
  const whole = read(await test.text(`${LIST}?_HLS_msn=${hint.msn}`));
  expect(whole.segments.at(-1)?.file).toContain(`-${hint.msn}.m4s`);
  // After the last part of a segment comes the first of the next.
  const next = read(await test.text(`${LIST}?_HLS_msn=${hint.msn}&_HLS_part=30`));
  expect(next.parts.at(-1)?.file).toContain(`-${hint.msn + 1}.`);
  const sound = await fetch(test.url(`${LIST}?_HLS_msn=${hint.msn}`));
  expect(sound.headers.get('cache-control')).toBe('public, max-age=0, s-maxage=12');
  expect((await fetch(test.url(LIST))).headers.get('cache-control')).toContain('s-maxage=0');
});

it('ORG-18 what cannot come is refused, and what does not come in time is not waited for', async () => {
  const test = await live({ segmentSeconds: 1 });
  const { hint } = await listWhere(test, ({ segments }) => segments.length >= 1);
  for (const bad of ['_HLS_part=0', '_HLS_msn=x', '_HLS_msn=-1', '_HLS_msn=1&_HLS_part=x'])
    expect(await status(test, `${LIST}?${bad}`), bad).toBe(400);
  expect(await status(test, `${LIST}?_HLS_msn=${(hint?.msn ?? 0) + 50}`)).toBe(400);
  expect(await status(test, `${LIST}?_HLS_msn=4294967296`)).toBe(400);
  expect(await status(test, '/live/demo/source/1-2.3.m4s')).toBe(404);
});

it('ORG-18 who waits when the publisher leaves is told so within three target durations', async () => {
  const test = await start({ ladder: [], lowLatency: true });
  const publisher = await publish(test.rtmpUrl(), { videoArgs: PICTURE });
  const { hint } = await listWhere(test, ({ segments }) => segments.length >= 1);
  await publisher.cut();
  await until(async () => (await test.status()).state === 'interrupted', {
    what: 'the channel to be interrupted',
    timeoutMs: 20_000,
  });
  const asked = performance.now();
  expect(await status(test, `${LIST}?_HLS_msn=${(hint?.msn ?? 0) + 2}`)).toBe(503);
  expect(performance.now() - asked).toBeLessThan(10_000);
});

it('ORG-18 a delta update leaves out what is older than six target durations', async () => {
  const test = await live({ segmentSeconds: 1 });
  await listWhere(test, ({ segments }) => segments.length >= 10);
  const [full, delta] = await Promise.all([test.text(LIST), test.text(`${LIST}?_HLS_skip=YES`)]);
  const skipped = Number(/^#EXT-X-SKIP:SKIPPED-SEGMENTS=(\d+)$/m.exec(delta)?.[1]);
  expect(skipped).toBeGreaterThan(0);
  const all = read(full).segments.map(({ file }) => file);
  expect(read(delta).segments[0]?.file).toBe(all[skipped]);
  expect(delta.length).toBeLessThan(full.length);
});

it('ORG-18 two thousand who wait are all answered', { timeout: 60_000 }, async () => {
  const test = await live();
  const { hint } = await listWhere(test, ({ segments }) => segments.length >= 1);
  const agent = new Agent({ keepAlive: true });
  const wanted = `${LIST}?_HLS_msn=${(hint?.msn ?? 0) + 1}`;
  const ask = (): Promise<number> =>
    new Promise((resolve, reject) => {
      get(test.url(wanted), { agent }, (response) => {
        response.resume().on('end', () => {
          resolve(response.statusCode ?? 0);
        });
      }).on('error', reject);
    });
  const answers = await Promise.all(Array.from({ length: 2_000 }, ask));
  agent.destroy();
  expect(answers.filter((code) => code === 200)).toHaveLength(2_000);
});

it('ORG-10 ORG-18 every rendition of a ladder has the same parts, and says how far the others are', async () => {
  const test = await live({ ladder: [rung('mid', 72, 120), rung('low', 48, 60)] });
  await listWhere(test, ({ segments }) => segments.length >= 3);
  const names = ['source', 'mid', 'low'];
  const texts = await Promise.all(names.map((name) => test.text(`/live/demo/${name}/ll.m3u8`)));
  const [source, ...rungs] = texts.map(read);
  const files = source?.segments.slice(-2) ?? [];
  const own = (listed: Listed | undefined, file: string): readonly Part[] =>
    listed?.parts.filter((part) => part.file.startsWith(file.replace('.m4s', '.'))) ?? [];
  for (const { file } of files) {
    expect(own(source, file).length).toBeGreaterThanOrEqual(6);
    for (const [i, listed] of [source, ...rungs].entries()) {
      expect(own(listed, file)).toEqual(own(source, file));
      const folder = `/live/demo/${names[i]}/`;
      const bytes = await Promise.all(
        own(listed, file).map((part) => test.get(folder + part.file)),
      );
      expect(Buffer.concat(bytes).equals(await test.get(folder + file))).toBe(true);
    }
  }
  expect(texts[0]).toMatch(
    /#EXT-X-RENDITION-REPORT:URI="\.\.\/mid\/ll\.m3u8",LAST-MSN=\d+,LAST-PART=\d+\n#EXT-X-RENDITION-REPORT:URI="\.\.\/low/,
  );
  const master = await test.text('/live/demo/ll.m3u8');
  expect(master.match(/^\w+\/ll\.m3u8$/gm)).toEqual(names.map((name) => `${name}/ll.m3u8`));
});

it('ORG-9 ORG-18 goes on in parts after its encoder was killed, and after its publisher came back', async () => {
  const test = await start({ ladder: [rung('mid', 72, 120)], lowLatency: true, segmentSeconds: 2 });
  const first = await publish(test.rtmpUrl(), { videoArgs: [...PICTURE, '-bf', '2'] });
  const epochs = ({ segments }: Listed): number =>
    new Set(segments.map(({ file }) => file.split('-')[0])).size;
  await listWhere(test, ({ segments }) => segments.length >= 2);
  const [encoder] = test.origin.processes().encoders;
  process.kill(encoder?.pid ?? NaN, 'SIGKILL');
  await listWhere(test, (listed) => epochs(listed) === 2 && listed.parts.length > 6);
  await first.cut();
  await publish(test.rtmpUrl(), { videoArgs: PICTURE });
  const { text } = await listWhere(test, (listed) => epochs(listed) === 3);
  expect(text).toMatch(/LAST-PART=\d+\n$/);
});
