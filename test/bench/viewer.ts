import type { Browser } from 'playwright-core';
import { until } from '../support/until.ts';
import type { BenchReading } from './page/reading.ts';

/** A viewer of a run, in a browser context of its own. */
export type BenchViewer = {
  /** Its User-Agent at the origin. */
  readonly tag: string;
  readonly join: () => Promise<void>;
  /** Resolves to whether its first frame came in time. */
  readonly started: (timeoutMs: number) => Promise<boolean>;
  readonly read: () => Promise<BenchReading>;
  readonly close: () => Promise<void>;
};

/** How a viewer is set up. */
export type ViewerOptions = {
  readonly tag: string;
  readonly url: string;
  /** Cap of its uplink in kbit/s, data channels included. */
  readonly uplinkKbps: number | undefined;
};

/** Opens the page of a viewer, ready to join. */
export async function openViewer(browser: Browser, options: ViewerOptions): Promise<BenchViewer> {
  const { tag, url, uplinkKbps } = options;
  const context = await browser.newContext({
    userAgent: tag,
    viewport: { width: 200, height: 120 },
  });
  const page = await context.newPage();
  if (uplinkKbps !== undefined) {
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: (uplinkKbps * 1000) / 8,
    });
  }
  await page.goto(url);
  await page.waitForFunction(() => globalThis.bench !== undefined);
  const read = (): Promise<BenchReading> =>
    page.evaluate(() => {
      if (globalThis.bench === undefined) throw new Error('not a bench page');
      return globalThis.bench.read();
    });
  return {
    tag,
    read,
    join: () =>
      page.evaluate(() => {
        globalThis.bench?.join();
      }),
    started: async (timeoutMs) => {
      const what = `the first frame of ${tag}`;
      const began = async (): Promise<boolean> => (await read()).startupMs !== undefined;
      return until(began, { what, timeoutMs }).then(
        () => true,
        () => false,
      );
    },
    close: () => context.close(),
  };
}
