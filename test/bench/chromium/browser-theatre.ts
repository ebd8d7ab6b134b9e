import type { Browser } from 'playwright-core';
import { launchChromium } from '../../support/chromium.ts';
import type { EngineId } from '../engine-ids.ts';
import type { BenchReading } from '../page/reading.ts';
import type { ViewerSpec } from '../plan.ts';
import type { BenchViewer, Theatre } from '../theatre.ts';
import { startCpuMeter } from './cpu-meter.ts';

/** A browser; each viewer gets a page in a context of its own. */
export async function openBrowserTheatre(pageUrl: (engine: EngineId) => string): Promise<Theatre> {
  const browser = await launchChromium();
  return {
    open: (spec) => openPage(browser, spec, pageUrl(spec.engine)),
    measure: async () => {
      const cpu = await startCpuMeter();
      return async () => ({ cpuMs: await cpu.stop(), lagMs: undefined });
    },
    killDoomed: () => {},
    close: () => browser.close(),
  };
}

/** Opens the page of a viewer, ready to join. */
async function openPage(browser: Browser, spec: ViewerSpec, url: string): Promise<BenchViewer> {
  const { tag, uplinkKbps } = spec;
  const context = await browser.newContext({
    userAgent: tag,
    viewport: { width: 200, height: 120 },
  });
  const page = await context.newPage();
  if (uplinkKbps !== undefined) {
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    // Data channels included.
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
    spec,
    read,
    join: () =>
      page.evaluate(() => {
        globalThis.bench?.join();
      }),
    hasStarted: () => page.evaluate(() => globalThis.bench?.read().startupMs !== undefined),
    has: (path) =>
      page.evaluate(
        (wanted) => globalThis.bench?.read().segments.some((each) => each.path === wanted) ?? false,
        path,
      ),
    close: () => context.close(),
  };
}
