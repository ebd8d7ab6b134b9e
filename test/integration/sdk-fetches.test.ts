import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type HttpOrigin,
  serveRange,
  startOrigin,
} from '../unit/client-sdk/adapters/http-origin.ts';
import { launchChromium } from '../support/chromium.ts';
import { bundlePage, startSite } from './sdk-support/site.ts';

const BODY = new Uint8Array(200_000);
const RANGES = [
  { from: 0, to: 16_384 },
  { from: 32_768, to: 65_536 },
  { from: 100_000, to: 200_000 },
];

let browser: Browser;
let site: HttpOrigin;
let cdn: HttpOrigin;
const waiting: (readonly [IncomingMessage, ServerResponse])[] = [];

/** Answers the ranges of a segment, as cacheable as can be, once all of them were asked for. */
function answerTogether(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('cache-control', 'public, max-age=3600, immutable');
  waiting.push([request, response]);
  if (waiting.length < RANGES.length) return;
  for (const [from, to] of waiting.splice(0)) serveRange(BODY, from, to);
}

beforeAll(async () => {
  cdn = await startOrigin(answerTogether);
  site = await startSite(await bundlePage('fetch-page.ts'));
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await site.close();
  await cdn.close();
});

describe('fetching from another host in Chromium', () => {
  it('SWM-5 has ranges of one segment under way at the same time, without a preflight', async () => {
    const page = await browser.newPage();
    await page.goto(site.url);
    await page.waitForFunction(() => 'fetchRanges' in window);
    const received = await page.evaluate(([url, ranges]) => window.fetchRanges(url, ranges), [
      `${cdn.url}/segment.m4s`,
      RANGES,
    ] as const);
    expect(received).toEqual(RANGES.map(({ from, to }) => to - from));
    expect(cdn.requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET']);
  });
});
