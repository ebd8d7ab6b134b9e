import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { pause, until } from '../support/until.ts';
import { startCpuMeter } from './cpu-meter.ts';
import type { EngineId } from './engine-ids.ts';
import { type Figures, figuresOf, type ViewerRecord } from './figures.ts';
import type { BenchOptions } from './options.ts';
import type { Stage } from './stage.ts';
import { type BenchViewer, openViewer } from './viewer.ts';

/** What a run needs. */
export type RunOptions = {
  readonly stage: Stage;
  readonly engine: EngineId;
  readonly bench: BenchOptions;
  readonly say: (line: string) => void;
};

const STAGGER_MS = 1_000;
/** From the last first frame to the window: connections are made, latencies settle. */
const SETTLE_MS = 10_000;
const START_TIMEOUT_MS = 60_000;
/** After the window, for the last segments of it to reach those who play far behind the edge. */
const TAIL_TIMEOUT_MS = 40_000;
const LAG_RESOLUTION_MS = 20;

/** Watches the stream with one engine and measures. */
export async function runEngine(options: RunOptions): Promise<Figures> {
  const { stage, engine, bench, say } = options;
  const browser = await launchChromium();
  try {
    const audience = new Audience(browser, { url: stage.pageUrl(engine), bench });
    stage.forget();
    await audience.join();
    say('joined');
    const missing = await audience.started();
    if (missing > 0) say(`${missing} viewers saw no frame in ${START_TIMEOUT_MS / 1000} s`);
    await pause(SETTLE_MS);

    const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
    const cpu = await startCpuMeter();
    lag.enable();
    const from = Date.now();
    say(`measuring for ${bench.seconds} s`);
    await audience.watch(bench.seconds * 1000);
    const to = Date.now();
    lag.disable();
    const cpuMs = await cpu.stop();

    const last = stage.segments.filter(({ at }) => at <= to).at(-1)?.path;
    await audience.reached(last);
    const records = await audience.read();
    // The histogram holds whole intervals of the timer, in ns.
    const lagMs = Math.max(0, lag.max / 1e6 - LAG_RESOLUTION_MS);
    const { deliveries, segments } = stage;
    return figuresOf({
      viewers: bench.viewers,
      from,
      to,
      records,
      segments,
      deliveries,
      cpuMs,
      lagMs,
    });
  } finally {
    await browser.close();
  }
}

/** The viewers of one run. */
class Audience {
  readonly #browser: Browser;
  readonly #url: string;
  readonly #bench: BenchOptions;
  readonly #gone: ViewerRecord[] = [];
  /** Longest there first. */
  #viewers: BenchViewer[] = [];
  #opened = 0;

  constructor(browser: Browser, options: { readonly url: string; readonly bench: BenchOptions }) {
    this.#browser = browser;
    this.#url = options.url;
    this.#bench = options.bench;
  }

  /** Opens all pages, then lets them join. */
  async join(): Promise<void> {
    for (let i = 0; i < this.#bench.viewers; i++) this.#viewers.push(await this.#open());
    if (this.#bench.flash) {
      await Promise.all(this.#viewers.map((viewer) => viewer.join()));
      return;
    }
    for (const viewer of this.#viewers) {
      await viewer.join();
      await pause(STAGGER_MS);
    }
  }

  /** How many saw no frame in time. */
  async started(): Promise<number> {
    const started = await Promise.all(
      this.#viewers.map((viewer) => viewer.started(START_TIMEOUT_MS)),
    );
    return started.filter((is) => !is).length;
  }

  /** Lets `ms` pass; with churn, replaces those who have been there longest, one after the other. */
  async watch(ms: number): Promise<void> {
    const { churnSeconds, viewers } = this.#bench;
    if (churnSeconds === undefined) return pause(ms);
    const end = Date.now() + ms;
    const everyMs = (churnSeconds * 1000) / viewers;
    for (let at = Date.now() + everyMs; at < end; at += everyMs) {
      const next = await this.#open();
      await pause(Math.max(0, at - Date.now()));
      await next.join();
      this.#viewers.push(next);
      const leaver = this.#viewers.shift();
      if (leaver === undefined) continue;
      this.#gone.push({ tag: leaver.tag, reading: await leaver.read() });
      await leaver.close();
    }
    return pause(Math.max(0, end - Date.now()));
  }

  /** Waits until everybody has the segment, if that comes in time. */
  async reached(path: string | undefined): Promise<void> {
    if (path === undefined) return;
    const has = async (): Promise<boolean> => {
      const readings = await Promise.all(this.#viewers.map((viewer) => viewer.read()));
      return readings.every(({ segments }) => segments.some((segment) => segment.path === path));
    };
    const what = 'the last segment to reach everybody';
    // Who has not got it by then has had other troubles, and the figures show them.
    await until(has, { what, timeoutMs: TAIL_TIMEOUT_MS }).catch(() => undefined);
  }

  async read(): Promise<readonly ViewerRecord[]> {
    const present = await Promise.all(
      this.#viewers.map(async ({ tag, read }) => ({ tag, reading: await read() })),
    );
    return [...this.#gone, ...present];
  }

  #open(): Promise<BenchViewer> {
    const tag = `shoal-bench/${this.#opened++}`;
    const { uplinkKbps } = this.#bench;
    return openViewer(this.#browser, { tag, url: this.#url, uplinkKbps });
  }
}
