import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { buildPages } from '@shoal/demo/app/pages';
import { type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../../support/chromium.ts';
import { until } from '../../support/until.ts';
import { freePort } from './free-port.ts';
import { TestService } from './test-service.ts';

const TYPES: Readonly<Record<string, string>> = {
  ...{ html: 'text/html', js: 'text/javascript', css: 'text/css' },
};

let [test, site, browser]: [TestService?, Server?, Browser?] = [];
beforeAll(async () => {
  const pages = await buildPages(() => undefined);
  site = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    const path = normalize(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    const type = TYPES[path.split('.').at(-1) ?? ''] ?? 'text/plain';
    readFile(join(pages, path)).then(
      (body) => response.writeHead(200, { 'Content-Type': type }).end(body),
      () => response.writeHead(404).end(),
    );
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  test = await TestService.start({ http: { host: '127.0.0.1', port: await freePort() } });
  browser = await launchChromium();
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await test?.close();
  site?.closeAllConnections();
  site?.close();
});

it('MON-10 shows alerts that came while it was away, one at a time, as text, and acknowledges them', async () => {
  if (test === undefined || browser === undefined) throw new Error('not begun');
  const service = test;
  await service.makeChannel('demo', 'ana');
  const [ana, bob] = [await service.tokenOf('ana'), await service.tokenOf('bob', 'Bob <3')];
  const donate = (message: string) =>
    service.call('POST', '/v1/channels/demo/donations', {
      token: bob,
      body: { amount: { minorUnits: 1_250, currency: 'EUR' }, method: 'sandbox-pays', message },
    });
  const waiting = async (): Promise<number> => {
    const { body } = await service.call('GET', '/v1/channels/demo/outbox', { token: ana });
    return (body as { alerts: unknown[] }).alerts.length;
  };
  const first = '<img src=x onerror="document.title=1"> for the stream!';
  await donate(first);
  await donate('second');

  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  const { port } = site?.address() as AddressInfo;
  const api = encodeURIComponent(`http://127.0.0.1:${service.port}`);
  const query = `channel=demo&api=${api}&seconds=1.5&token=${ana}`;
  await page.goto(`http://127.0.0.1:${port}/overlay/?${query}`);
  const alert = page.getByTestId('alert');
  await alert.waitFor();
  expect(await page.getByTestId('alert-title').textContent()).toBe('Bob <3 donated €12.50');
  expect(await page.getByTestId('alert-message').textContent()).toBe(first);
  expect(await page.locator('img').count()).toBe(0);
  expect(await waiting()).toBe(2);
  const shot = process.env['SHOAL_SCREENSHOT'];
  await page.waitForTimeout(400);
  if (shot !== undefined) await page.screenshot({ path: shot, omitBackground: true });
  const background = 'getComputedStyle(document.body).backgroundColor';
  expect(await page.evaluate<string>(background)).toBe('rgba(0, 0, 0, 0)');
  await until(async () => (await page.getByTestId('alert-message').textContent()) === 'second', {
    what: 'the second alert',
  });
  await until(async () => (await waiting()) === 0, { what: 'acknowledgements' });

  // The service goes away and comes back; the page too, by itself.
  await service.down();
  await service.up();
  await donate('third');
  await until(async () => (await page.getByTestId('alert-message').textContent()) === 'third', {
    what: 'the third alert',
    timeoutMs: 30_000,
  });
  await until(async () => (await waiting()) === 0, { what: 'the last acknowledgement' });
  expect(await alert.isVisible()).toBe(false);
});

it('MON-10 tells who sets it up when it cannot connect', async () => {
  if (test === undefined || browser === undefined) throw new Error('not begun');
  const { port } = site?.address() as AddressInfo;
  const page = await browser.newPage();
  const api = encodeURIComponent(`http://127.0.0.1:${test.port}`);
  await page.goto(
    `http://127.0.0.1:${port}/overlay/?channel=demo&api=${api}&token=${'x'.repeat(43)}`,
  );
  const problem = page.getByTestId('problem');
  await problem.waitFor({ timeout: 15_000 });
  expect(await problem.textContent()).toContain('token');
});
