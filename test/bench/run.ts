import { pause } from '../support/until.ts';
import { Audience } from './audience.ts';
import { openBrowserTheatre } from './chromium/browser-theatre.ts';
import type { EngineId } from './engine-ids.ts';
import { figuresOf } from './figures.ts';
import type { Figures } from './run-record.ts';
import { startLagMeter } from './lag-meter.ts';
import { openNodeTheatre } from './node/node-theatre.ts';
import { type Plan, SETTLE_MS } from './plan.ts';
import { serveFirst } from './server-priority.ts';
import type { Stage } from './stage.ts';
import type { Theatre } from './theatre.ts';

/** What a run needs. */
export type RunOptions = {
  readonly stage: Stage;
  readonly engine: EngineId;
  readonly plan: Plan;
  readonly say: (line: string) => void;
};

/** Watches the stream with one engine and measures. */
export async function runEngine(options: RunOptions): Promise<Figures> {
  const { stage, engine, plan, say } = options;
  const way = await stage.openWay(plan.originKbps);
  const theatre = await openTheatre(options, way.httpPort);
  // Once the processes of the viewers run.
  const undo = serveFirst();
  try {
    const audience = new Audience(theatre, { plan, engine });
    stage.forget();
    await audience.join();
    say('joined');
    const missing = await audience.started();
    if (missing > 0) say(`${missing} viewers saw no frame in time`);
    await pause(SETTLE_MS);

    say(`measuring for ${plan.seconds} s`);
    const measured = await theatre.measure();
    const lag = await startLagMeter();
    const from = Date.now();
    await audience.watch(plan.seconds * 1000);
    const to = Date.now();
    const lagMs = lag.stop();
    const { cpuMs, lagMs: peersLagMs } = await measured();

    const last = stage.segments.filter(({ at }) => at <= to).at(-1)?.path;
    await audience.reached(last);
    const records = await audience.read();
    const { segments, hashes } = stage;
    return figuresOf({
      ...{ plan, from, to, records, segments, hashes, cpuMs, lagMs, peersLagMs },
      deliveries: way.deliveries ?? stage.deliveries,
    });
  } finally {
    undo();
    await theatre.close();
    await way.close();
  }
}

function openTheatre({ stage, plan, engine }: RunOptions, httpPort: number): Promise<Theatre> {
  if (plan.tier === 'chromium')
    return openBrowserTheatre((id) => stage.pageUrl(id, { httpPort, catchUp: plan.catchUp }));
  return openNodeTheatre({
    playlist: stage.playlistUrl(httpPort),
    trackerUrl: stage.trackerUrl,
    foreignVideo: stage.foreignVideo,
    processes: plan.processes,
    engine,
  });
}
