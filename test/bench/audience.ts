import { pause, until } from '../support/until.ts';
import type { EngineId } from './engine-ids.ts';
import type { ViewerRecord } from './run-record.ts';
import { type Plan, viewerSpec } from './plan.ts';
import type { BenchViewer, Theatre } from './theatre.ts';

const START_TIMEOUT_MS = 60_000;
/** After the window, for the last segments of it to reach those who play far behind the edge. */
const TAIL_TIMEOUT_MS = 40_000;
/** From the beginning of the window to the death of the doomed: in the middle of a segment. */
const KILL_AFTER_MS = 3_000;

/** The viewers of one run. */
export class Audience {
  readonly #theatre: Theatre;
  readonly #plan: Plan;
  readonly #engine: EngineId;
  readonly #gone: ViewerRecord[] = [];
  /** Longest there first. */
  #viewers: BenchViewer[] = [];
  #opened = 0;

  constructor(theatre: Theatre, run: { readonly plan: Plan; readonly engine: EngineId }) {
    this.#theatre = theatre;
    this.#plan = run.plan;
    this.#engine = run.engine;
  }

  /** Makes all of them ready, then lets them join. */
  async join(): Promise<void> {
    const { viewers, joinEveryMs } = this.#plan;
    for (let i = 0; i < viewers; i++) this.#viewers.push(await this.#open());
    if (joinEveryMs === 0) {
      await Promise.all(this.#viewers.map((viewer) => viewer.join()));
      return;
    }
    for (const viewer of this.#viewers) {
      const next = Date.now() + joinEveryMs;
      await viewer.join();
      await pause(Math.max(0, next - Date.now()));
    }
  }

  /** How many saw no frame in time. */
  async started(): Promise<number> {
    const started = await Promise.all(
      this.#viewers.map(({ spec, hasStarted }) =>
        until(hasStarted, { what: `a frame of ${spec.tag}`, timeoutMs: START_TIMEOUT_MS }).then(
          () => true,
          () => false,
        ),
      ),
    );
    return started.filter((is) => !is).length;
  }

  /** Lets `ms` pass, and what the plan has happen meanwhile. */
  async watch(ms: number): Promise<void> {
    const end = Date.now() + ms;
    if (this.#plan.killedPercent > 0) {
      await pause(KILL_AFTER_MS);
      this.#theatre.killDoomed();
      this.#viewers = this.#viewers.filter(({ spec }) => !spec.doomed);
    }
    await this.#churn(end);
    return pause(Math.max(0, end - Date.now()));
  }

  /** Waits until everybody has the segment, if that comes in time. */
  async reached(path: string | undefined): Promise<void> {
    if (path === undefined) return;
    const have = async (): Promise<boolean> =>
      (await Promise.all(this.#viewers.map((viewer) => viewer.has(path)))).every((has) => has);
    const what = 'the last segment to reach everybody';
    // Who has not got it by then has had other troubles, and the figures show them.
    await until(have, { what, timeoutMs: TAIL_TIMEOUT_MS }).catch(() => undefined);
  }

  async read(): Promise<readonly ViewerRecord[]> {
    const present = await Promise.all(
      this.#viewers.map(async ({ spec, read }) => ({ spec, reading: await read() })),
    );
    return [...this.#gone, ...present];
  }

  /** Replaces those who have been there longest, one after the other. */
  async #churn(end: number): Promise<void> {
    const { churnSeconds, viewers } = this.#plan;
    if (churnSeconds === undefined) return;
    const everyMs = (churnSeconds * 1000) / viewers;
    for (let at = Date.now() + everyMs; at < end; at += everyMs) {
      const next = await this.#open();
      await pause(Math.max(0, at - Date.now()));
      await next.join();
      this.#viewers.push(next);
      const leaver = this.#viewers.shift();
      if (leaver === undefined) continue;
      this.#gone.push({ spec: leaver.spec, reading: await leaver.read() });
      await leaver.close();
    }
  }

  #open(): Promise<BenchViewer> {
    return this.#theatre.open(viewerSpec(this.#plan, this.#engine, this.#opened++));
  }
}
