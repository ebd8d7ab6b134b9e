import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFfmpeg } from '@shoal/server';
import { afterEach, describe, expect, it } from 'vitest';
import { launchChromium } from '../../support/chromium.ts';
import { until } from '../../support/until.ts';
import { bytesAt, examine, jobsOf, jobsOver, recordingsOf } from './jobs-scene.ts';
import { KillableOrigin } from './killable-origin.ts';
import { Publisher } from './publisher.ts';

const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-jobs-'));
  undo.push(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** An ffmpeg whose first MP4 stays half made until its origin is gone. */
async function slowFfmpeg(folder: string): Promise<string> {
  const { path } = await findFfmpeg();
  const script = join(folder, 'ffmpeg');
  const lines = [
    '#!/bin/sh',
    `case "$*" in *faststart*) if [ ! -e ${folder}/begun ]; then`,
    '  for last; do :; done',
    '  echo half > "${last#file:}"',
    `  touch ${folder}/begun`,
    '  while [ "$(ps -o ppid= -p $$)" -gt 1 ] && kill -0 $PPID 2>/dev/null; do sleep 0.2; done',
    '  exit 1',
    'fi;; esac',
    `exec ${path} "$@"`,
  ];
  writeFileSync(script, `${lines.join('\n')}\n`);
  chmodSync(script, 0o755);
  return script;
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' });
}

describe('an origin that is killed while it makes something', () => {
  it('ORG-23 goes on when it is there again, and what it makes is there once', async () => {
    const [dataDir, media, tools] = [makeFolder(), makeFolder(), makeFolder()];
    const options = {
      ...{ dataDir, ladder: [], interruptedMs: 300, closeAfterMs: 200 },
      ffmpegPath: await slowFfmpeg(tools),
      recording: { store: { type: 'disk', folder: media }, mp4: true, storyboard: true },
    } as const;
    const first = await KillableOrigin.start(options);
    undo.push(() => first.kill());
    const publisher = await Publisher.start(first.rtmp, { burst: true, seconds: 6 });
    undo.push(() => publisher.cut());
    await publisher.exit();
    await until(() => existsSync(join(tools, 'begun')), { what: 'the job', timeoutMs: 40_000 });
    expect(await jobsOf(first.http)).toMatchObject([
      { type: 'mp4', state: 'running', attempts: 1 },
      { type: 'storyboard', state: 'waiting', attempts: 0 },
    ]);
    expect(filesBelow(dataDir).filter((name) => name.endsWith('.mp4'))).toHaveLength(1);
    await first.kill();
    const second = await KillableOrigin.start(options);
    undo.push(() => second.kill());
    const jobs = await jobsOver(second.http, 2);
    expect(jobs).toMatchObject([
      { type: 'mp4', state: 'done', attempts: 2 },
      { type: 'storyboard', state: 'done', attempts: 1 },
    ]);
    const [recorded] = await recordingsOf(second.http);
    const id = recorded?.broadcast ?? 0;
    const made = filesBelow(join(media, 'live', 'demo')).filter((name) => !name.includes('/'));
    expect([...made].sort()).toEqual(
      [
        ...[`${id}-poster.jpg`, `${id}-storyboard-1.jpg`, `${id}-storyboard.vtt`, `${id}.mp4`],
        ...[`${id}-vod.m3u8`, 'recordings.json', 'source'],
      ].sort(),
    );
    expect(recorded?.products).toHaveLength(4);
    expect(await examine(await bytesAt(`${second.http}/live/demo/${id}.mp4`))).toMatchObject({
      ...{ frames: 180, said: '' },
    });
    expect(filesBelow(dataDir).filter((name) => name.endsWith('.mp4'))).toEqual([]);
    // What is done is not done again.
    await second.kill();
    const third = await KillableOrigin.start(options);
    undo.push(() => third.kill());
    expect(await jobsOf(third.http)).toMatchObject([
      { type: 'mp4', state: 'done', attempts: 2 },
      { type: 'storyboard', state: 'done', attempts: 1 },
    ]);
    await playsInChromium(`${third.http}/live/demo/${id}.mp4`);
  });
});

/** Plays it in a real browser, and jumps to its middle. */
async function playsInChromium(url: string): Promise<void> {
  const browser = await launchChromium();
  undo.push(() => browser.close());
  const page = await browser.newPage();
  await page.goto(new URL('/v1/streams', url).href);
  await page.setContent(`<video muted src="${url}"></video>`);
  const video = page.locator('video');
  await video.evaluate(async (element: HTMLVideoElement) => {
    element.currentTime = 3;
    await element.play();
  });
  const look = (): Promise<readonly number[]> =>
    video.evaluate((element: HTMLVideoElement) => [
      ...[element.currentTime, element.duration, element.videoWidth],
    ]);
  await until(async () => ((await look())[0] ?? 0) > 3.5, { what: 'it to play' });
  const [, duration = 0, width] = await look();
  expect(Math.abs(duration - 6)).toBeLessThan(0.3);
  expect(width).toBe(160);
}
