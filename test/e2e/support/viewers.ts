import type { ShoalStats } from '@shoal/client-sdk';
import type {} from '@shoal/demo/viewer/test-hook';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { until } from '../../support/until.ts';
import { installChannelMeter } from '../../support/channel-meter.ts';
import { installProbe, type LoadedFragment, type Probe } from './page-probe.ts';

/** A page that watches a channel. */
export type ViewerPage = {
  readonly name: string;
  readonly page: Page;
  readonly stats: () => Promise<ShoalStats>;
  readonly probe: () => Promise<Probe>;
  /** Fragments loaded since the page began to play. */
  readonly fragments: () => Promise<readonly LoadedFragment[]>;
  /** Codes of the warnings so far. */
  readonly warnings: () => Promise<readonly string[]>;
  /** Resolves once the picture moves. */
  readonly playing: () => Promise<void>;
  /** Kills the page's process: no farewell to anybody. */
  readonly crash: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Opens a viewer in a context of its own; `scripts` run in the page before anything else. */
export async function openViewer(
  browser: Browser,
  url: string,
  options: { readonly name: string; readonly scripts?: readonly (() => void)[] },
): Promise<ViewerPage> {
  const context: BrowserContext = await browser.newContext({
    userAgent: `shoal-e2e/${options.name}`,
    viewport: { width: 640, height: 400 },
  });
  const page = await context.newPage();
  for (const script of [installChannelMeter, installProbe, ...(options.scripts ?? [])])
    await page.addInitScript(script);
  await page.goto(url);
  const probe = (): Promise<Probe> =>
    page.evaluate(() => {
      if (globalThis.shoalProbe === undefined) throw new Error('no probe in the page');
      return globalThis.shoalProbe.read();
    });
  return {
    name: options.name,
    page,
    probe,
    stats: () =>
      page.evaluate(() => {
        const stats = globalThis.shoalPage?.stats();
        if (stats === undefined) throw new Error('nothing plays in the page');
        return stats;
      }),
    fragments: () => page.evaluate(() => globalThis.shoalProbe?.fragments ?? []),
    warnings: () => page.evaluate(() => globalThis.shoalPage?.warnings ?? []),
    playing: async () => {
      await page.waitForFunction(() => globalThis.shoalPage?.hls !== undefined);
      await page.evaluate(() => globalThis.shoalProbe?.watchFragments());
      await until(async () => (await probe()).played > 0.2, {
        what: `${options.name} to play`,
        timeoutMs: 30_000,
      });
    },
    crash: async () => {
      const crashed = page.waitForEvent('crash');
      const session = await context.newCDPSession(page);
      // Never answered: there is nobody left to answer.
      void session.send('Page.crash').catch(() => undefined);
      await crashed;
    },
    close: () => context.close(),
  };
}

/**
 * Waits until every one of the viewers has a neighbour and got something from one. A viewer whose machine is short of CPU for
 * a moment rests from the swarm for 20 to 40 s (SWM-17), so this may take a minute on a busy one.
 */
export async function allToShare(viewers: readonly ViewerPage[]): Promise<void> {
  let last: readonly ShoalStats[] = [];
  const names = viewers.map(({ name }) => name).join(', ');
  await until(
    async () => {
      last = await Promise.all(viewers.map((viewer) => viewer.stats()));
      return last.every(({ bytes, peers }) => peers > 0 && bytes.p2p > 0);
    },
    { what: () => `${names} to share; at last ${JSON.stringify(last)}`, timeoutMs: 120_000 },
  );
}
