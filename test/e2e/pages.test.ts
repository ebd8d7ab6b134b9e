import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Demo, parseConfig, startDemo } from '@shoal/demo';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { until } from '../support/until.ts';
import { startBroadcast } from './support/broadcast.ts';

const ARGS = [
  ...['--http-port=0', '--tracker-port=0', '--rtmp-port=0', '--host=127.0.0.1'],
  ...['--log-level=silent', '--pattern', '--pattern-size=192x108', '--ladder=off'],
];
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1440, height: 900 };

let dataDir = '';
let demo: Demo;
let browser: Browser;
let viewer: Page;
let studio: Page;
let overlay: Page;
/** What pages complained of. */
const complaints: string[] = [];

async function open(url: string, viewport = DESKTOP): Promise<Page> {
  const context = await browser.newContext({ viewport });
  const page = await context.newPage();
  page.on('pageerror', ({ message }) => complaints.push(`${url}: ${message}`));
  await page.goto(url);
  return page;
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'shoal-pages-'));
  const command = parseConfig([...ARGS, `--data-dir=${dataDir}`], {});
  if (!command.ok || command.value.type !== 'run') throw new Error('not a configuration');
  demo = await startDemo(command.value.config);
  browser = await launchChromium();
  viewer = await open(demo.urls.watch);
  studio = await open(demo.urls.studio);
  overlay = await open(demo.urls.overlay.replace('?', '?seconds=2&'));
}, 180_000);

afterAll(async () => {
  await browser.close();
  await demo.close();
  await rm(dataDir, { recursive: true, force: true });
});

const is = (locator: Locator, text: string, what = text): Promise<void> =>
  until(async () => ((await locator.textContent()) ?? '').includes(text), { what });

const has = (locator: Locator, count: number, what: string): Promise<void> =>
  until(async () => (await locator.count()) === count, { what });

async function write(text: string): Promise<void> {
  await viewer.getByTestId('chat-text').fill(text);
  await viewer.getByTestId('chat-send').click();
}

/** The messages of a page, as they are shown. */
const lines = (page: Page): Locator => page.getByTestId('chat-line');

async function moderate(message: string, action: string): Promise<void> {
  await studio.getByTestId('tab-chat').click();
  const line = lines(studio).filter({ hasText: message });
  await line.locator('summary').click();
  await line.getByRole('button', { name: action, exact: true }).click();
}

const api = (method: string, path: string, body?: object): Promise<Response> =>
  fetch(`http://127.0.0.1:${demo.httpPort}/v1/channels/demo${path}`, {
    method,
    headers: {
      authorization: `Bearer ${demo.adminToken}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

describe('the pages with the broadcast service', () => {
  it('play, and let a guest with a name write, as text', async () => {
    await is(viewer.getByTestId('live-badge'), 'Live');
    await is(viewer.getByTestId('title'), 'demo');
    await write('nameless');
    await is(viewer.getByTestId('chat-problem'), 'Choose a name');
    await viewer.getByTestId('chat-name').fill('Bob <3');
    await write('<b id="evil">hello</b> streamer');
    await has(lines(viewer), 1, 'the message');
    expect(await lines(viewer).getByTestId('chat-text-of').textContent()) //
      .toBe('<b id="evil">hello</b> streamer');
    expect(await viewer.locator('#evil').count()).toBe(0);
    await is(viewer.getByTestId('chat-name-shown'), 'Bob <3');
  });

  it('API-2 show every viewer the title that the streamer gives, as it changes', async () => {
    await studio.getByTestId('tab-channel').click();
    await studio.getByTestId('edit-title').fill('Building a boat');
    await studio.getByTestId('edit-category').fill('Crafts');
    await studio.getByTestId('edit-tags').fill('wood, boats');
    await studio.getByTestId('edit-save').click();
    await is(viewer.getByTestId('title'), 'Building a boat');
    await is(viewer.getByTestId('category'), 'Crafts');
    await has(viewer.getByTestId('tag'), 2, 'the tags');
    expect(await viewer.title()).toBe('Building a boat – Shoal');
    await is(studio.getByTestId('edit-note'), 'Saved');
  });

  it('API-3 say so when somebody else was faster, and keep what was written', async () => {
    await studio.getByTestId('edit-title').fill('Mine');
    await api('PATCH', '', { title: 'Theirs' });
    await is(studio.getByTestId('edit-note'), 'Theirs');
    await studio.getByTestId('edit-save').click();
    await is(studio.getByTestId('edit-note'), 'save again');
    expect(await studio.getByTestId('edit-title').inputValue()).toBe('Mine');
    await studio.getByTestId('edit-save').click();
    await is(viewer.getByTestId('title'), 'Mine');
  });

  it('CHT-6 take what is deleted off the page of every viewer', async () => {
    await has(lines(studio), 1, 'the message in the studio');
    await moderate('hello', 'Delete');
    await has(lines(viewer), 0, 'the message to vanish');
    await has(lines(studio), 0, 'the message to vanish in the studio');
  });

  it('CHT-4 count down in slow mode', async () => {
    await studio.getByTestId('set-slow').fill('60');
    await studio.getByTestId('set-save').click();
    await is(studio.getByTestId('set-note'), 'Saved');
    // The message before was written a moment ago.
    await write('one');
    const problem = viewer.getByTestId('chat-problem');
    await is(problem, 'Slow mode is on: you can write again in', 'the countdown');
    const before = await problem.textContent();
    await until(async () => (await problem.textContent()) !== before, { what: 'a second less' });
    expect(await viewer.getByTestId('chat-send').isDisabled()).toBe(true);
    await studio.getByTestId('set-slow').fill('0');
    await studio.getByTestId('set-save').click();
    await until(() => viewer.getByTestId('chat-send').isEnabled(), { what: 'to write again' });
    expect(await viewer.getByTestId('chat-text').inputValue()).toBe('one');
    await viewer.getByTestId('chat-send').click();
    await has(lines(viewer), 1, 'the message that was refused before');
  });

  it('CHT-5 say why a message is refused, and who is banned', async () => {
    await studio.getByTestId('set-words').fill('herring');
    await studio.getByTestId('set-save').click();
    await until(
      async () => {
        const answer = await api('GET', '/chat/settings');
        return (await answer.text()).includes('herring');
      },
      { what: 'the word filter' },
    );
    await write('I like herring');
    await is(viewer.getByTestId('chat-problem'), 'a word that is not allowed');
    expect(await viewer.getByTestId('chat-text').inputValue()).toBe('I like herring');

    await moderate('one', 'Ban, and delete what they wrote');
    await is(viewer.getByTestId('chat-problem'), 'You are banned');
    await has(lines(viewer), 0, 'what they wrote to vanish');
    expect(await viewer.getByTestId('chat-text').isDisabled()).toBe(true);
    await studio.getByTestId('ban').getByRole('button').click();
    await until(() => viewer.getByTestId('chat-text').isEnabled(), { what: 'the ban to end' });
    await write('I am back');
    await has(lines(viewer), 1, 'another message');
  });

  it('ACC-4 make another guest of somebody whose token does not hold any more', async () => {
    await viewer.evaluate(() => {
      const kept = JSON.parse(localStorage.getItem('shoal-guest') ?? '{}') as object;
      localStorage.setItem('shoal-guest', JSON.stringify({ ...kept, token: 'x'.repeat(43) }));
    });
    await viewer.reload();
    await is(viewer.getByTestId('chat-name-shown'), 'Bob <3');
    await has(lines(viewer), 1, 'what was written before');
    await write('still here');
    await has(lines(viewer), 2, 'a message of the new guest');
  });

  it('CHT-11 show moderators what viewers report', async () => {
    await api('POST', '/chat/messages', { text: 'buy my coins' });
    const line = lines(viewer).filter({ hasText: 'coins' });
    await line.locator('summary').click();
    await line.getByRole('button', { name: 'Report' }).click();
    await is(viewer.getByTestId('toast'), 'Thank you');
    await studio.getByTestId('tab-chat').click();
    await studio.reload();
    const report = studio.getByTestId('report');
    await has(report, 1, 'the report');
    await report.getByRole('button', { name: 'It is fine' }).click();
    await has(report, 0, 'the report to be resolved');
  });

  it('stay where somebody reads, and lead back to what is new', async () => {
    for (let i = 0; i < 60; i++) await api('POST', '/chat/messages', { text: `line ${i}` });
    const log = viewer.getByTestId('chat-log');
    const isAtEnd = (): Promise<boolean> =>
      log.evaluate((el) => el.scrollHeight - el.scrollTop - el.clientHeight < 5);
    await until(isAtEnd, { what: 'the newest message to be in sight' });
    await log.evaluate((el) => {
      el.scrollTop = 0;
    });
    await api('POST', '/chat/messages', { text: 'the last one' });
    const newer = viewer.getByTestId('chat-new');
    await is(newer, 'One new message');
    expect(await log.evaluate((el) => el.scrollTop)).toBeLessThan(5);
    await newer.click();
    await until(isAtEnd, { what: 'the end' });
    expect(await newer.isVisible()).toBe(false);
  });

  it('MON-10 bring donations to the overlay, the streamer’s test too', async () => {
    await studio.getByTestId('tab-alerts').click();
    await studio.getByTestId('test-donation').click();
    await is(overlay.getByTestId('alert-title'), 'admin donated €5.00');
    await has(studio.getByTestId('alert-item'), 0, 'the alert to be acknowledged');

    await viewer.getByTestId('donate').click();
    await is(viewer.getByTestId('donate-dialog'), 'no real money moves');
    await viewer.getByTestId('donate-amount').fill('12.5');
    await viewer.getByTestId('donate-message').fill('<i>for</i> the mast');
    await viewer.getByTestId('donate-send').click();
    await is(overlay.getByTestId('alert-title'), 'Bob <3 donated €12.50');
    await is(overlay.getByTestId('alert-message'), '<i>for</i> the mast');
    expect(await viewer.getByTestId('donate-dialog').isVisible()).toBe(false);
  });

  it('ACC-7 make an address for an overlay that can do nothing else', async () => {
    await studio.getByTestId('overlay-make').click();
    const address = studio.getByTestId('overlay-address');
    await is(address, '#token=');
    const url = (await address.textContent()) ?? '';
    const token = new URL(url).hash.replace('#token=', '');
    expect(token).not.toBe(demo.adminToken);
    const { status } = await fetch(`http://127.0.0.1:${demo.httpPort}/v1/channels/demo/outbox`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(status).toBe(403);
  });

  it('KEY-1 show a stream key once', async () => {
    await studio.getByTestId('tab-channel').click();
    await studio.getByTestId('key-make').click();
    const shown = studio.getByTestId('new-key-value');
    await until(async () => ((await shown.textContent()) ?? '').length > 20, { what: 'a key' });
    const key = (await shown.textContent()) ?? '';
    await has(studio.getByTestId('key'), 1, 'the key in the list');
    await studio.reload();
    await has(studio.getByTestId('key'), 1, 'the key in the list again');
    expect(await studio.content()).not.toContain(key);
  });

  it('KEY-2 replace a stream key, and take one back', async () => {
    await studio.getByRole('button', { name: 'Replace' }).click();
    await has(studio.getByTestId('key'), 2, 'the new key beside the old one');
    const old = studio.getByTestId('key').filter({ hasText: 'good until' });
    await has(old, 1, 'the end of the old key');
    const remove = old.getByRole('button');
    await remove.click();
    await is(remove, 'Really?');
    await remove.click();
    await has(studio.getByTestId('key'), 1, 'the old key to be gone');
  });

  it('BRD-2 prepare, end and follow broadcasts', async () => {
    await studio.getByTestId('tab-live').click();
    await is(studio.getByTestId('broadcast-now'), 'Live');
    await studio.getByTestId('next-title').fill('The keel');
    await studio.getByTestId('next-prepare').click();
    await is(studio.getByTestId('broadcast-next'), 'goes live as soon as your stream arrives');
    const end = studio.getByTestId('broadcast-now').getByTestId('move-complete');
    await end.click();
    await is(end, 'Really end it?');
    await end.click();
    await is(studio.getByTestId('broadcast-now'), 'Nothing is on');
    const next = studio.getByTestId('broadcast-next').getByTestId('move-live');
    await next.click();
    await is(studio.getByTestId('broadcast-now'), 'The keel');
    await is(viewer.getByTestId('broadcast-title'), 'The keel');
  });

  it('need no scrolling to the side, on a phone and on a desktop', async () => {
    for (const viewport of [PHONE, DESKTOP])
      for (const page of [viewer, studio]) {
        await page.setViewportSize(viewport);
        const tabs = page === studio ? ['live', 'channel', 'chat', 'alerts', 'network'] : [''];
        for (const tab of tabs) {
          if (tab !== '') await page.getByTestId(`tab-${tab}`).click();
          const over = await page.evaluate(
            () => document.documentElement.scrollWidth - window.innerWidth,
          );
          expect([viewport.width, tab, over]).toEqual([viewport.width, tab, 0]);
        }
      }
  });

  it('tell who has no right token so, and show the rest', async () => {
    const url = new URL(demo.urls.studio);
    url.hash = '';
    const bare = await open(url.href);
    await is(bare.getByTestId('access-note'), 'the terminal printed');
    expect(await bare.getByTestId('tab-chat').isVisible()).toBe(false);
    await is(bare.getByTestId('headline'), 'Live');
    url.hash = `operator=${'x'.repeat(24)}`;
    const old = await open(url.href);
    await is(old.getByTestId('access-note'), 'no longer good');
  });

  it('FEED-10 count viewers, and no studio', async () => {
    await is(viewer.getByTestId('viewers'), '1');
    const second = await open(demo.urls.watch);
    await is(viewer.getByTestId('viewers'), '2', 'two viewers');
    await second.close();
    await is(viewer.getByTestId('viewers'), '1', 'one viewer');
  });

  it('HLT-2 say how playback goes', async () => {
    await until(
      async () => {
        const health = await (await api('GET', '/health')).text();
        return health.includes('"reporting":1');
      },
      { what: 'a report of the viewer', timeoutMs: 45_000 },
    );
    await studio.getByTestId('tab-live').click();
    await is(studio.getByTestId('health-viewers'), 'One viewer reported');
  });

  it('had no error', () => {
    expect(complaints).toEqual([]);
  });
});

it('without the broadcast service the watch page plays as ever', async () => {
  const broadcast = await startBroadcast(['plain']);
  try {
    const page = await open(broadcast.watchUrl('plain'));
    await is(page.getByTestId('title'), 'plain');
    expect(await page.getByTestId('chat').isVisible()).toBe(false);
    expect(await page.getByTestId('donate').isVisible()).toBe(false);
    expect(await page.getByTestId('p2p-switch').isVisible()).toBe(true);
  } finally {
    await broadcast.close();
  }
  expect(complaints).toEqual([]);
});
