import { parseRenditionId, unwrap } from '@shoal/protocol';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { pause, until } from '../support/until.ts';
import { type Broadcast, type Publisher, startBroadcast } from './support/broadcast.ts';
import { openViewer, type ViewerPage } from './support/viewers.ts';

const LADDER = [{ name: unwrap(parseRenditionId('low')), lines: 72, kbps: 200 }];

let browser: Browser;
let broadcast: Broadcast;
let publisher: Publisher;
let viewer: ViewerPage;

beforeAll(async () => {
  // With something to transcode, and so with an encoder process.
  broadcast = await startBroadcast(['faulty'], LADDER);
  publisher = await broadcast.publish('faulty');
  browser = await launchChromium();
  viewer = await openViewer(browser, broadcast.watchUrl('faulty'), { name: 'patient' });
  await viewer.playing();
}, 180_000);

afterAll(async () => {
  await browser.close();
  await broadcast.close();
});

/** The page was never reloaded, and its picture moves again: six seconds of it. */
async function expectPlaysOn(): Promise<void> {
  const { played } = await viewer.probe();
  await until(async () => (await viewer.probe()).played > played + 6, {
    what: 'the same viewer to play on',
    timeoutMs: 45_000,
  });
}

it('ORG-4 the same viewer plays on when the publisher is back after 3 s', async () => {
  await publisher.stop();
  await pause(3_000);
  publisher = await broadcast.publish('faulty');
  await expectPlaysOn();
});

it('ORG-9 the same viewer plays on when the encoder is killed', async () => {
  const [encoder] = broadcast.origin.processes().encoders;
  expect(encoder).toBeDefined();
  process.kill(encoder?.pid ?? 0, 'SIGKILL');
  await expectPlaysOn();
});

it('ORG-3 the same viewer plays on when the ingest process is killed and the publisher reconnects', async () => {
  const { ingest } = broadcast.origin.processes();
  expect(ingest).toBeDefined();
  process.kill(ingest ?? 0, 'SIGKILL');
  await until(() => ![undefined, ingest].includes(broadcast.origin.processes().ingest), {
    what: 'another ingest process',
    timeoutMs: 20_000,
  });
  await expectPlaysOn();
});

it('ORG-8 the same viewer plays on when the publisher is back after 40 s, its broadcast having ended', async () => {
  await publisher.stop();
  await pause(40_000);
  publisher = await broadcast.publish('faulty');
  await expectPlaysOn();
});
