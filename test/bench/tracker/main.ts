import { cpus } from 'node:os';
import { type LoadPlan, loadTracker } from './load.ts';
import { measureAudience } from './audience.ts';
import { HELP, readOptions, type TrackerBenchOptions } from './options.ts';
import { runProgram } from '../run-program.ts';
import { audienceReport, type LoadRecord, reportOf } from './report.ts';
import { startTrackerHost } from './tracker-host.ts';

/** Fewer could all be neighbours. */
const LEAST_AUDIENCE = 50;
const AUDIENCE_SEED = 5;

/** Trackers under the load of whole swarms, one after the other in one run. */

await runProgram({ help: HELP, read: readOptions, run });

async function run(wanted: TrackerBenchOptions): Promise<number> {
  if (wanted.audience) return showAudience(wanted);
  const { swarms, rate, seconds, runs, json, url } = wanted;
  const contenders: readonly LoadRecord['tracker'][] =
    url === undefined ? wanted.trackers : ['elsewhere'];
  const records: LoadRecord[] = [];
  let failed = 0;
  for (let run = 1; run <= runs; run++)
    for (const swarm of swarms)
      for (const tracker of contenders) {
        const say = (line: string): void => {
          process.stderr.write(`run ${run} of ${runs}, ${tracker}, swarm ${swarm}: ${line}\n`);
        };
        try {
          const figures = await measure(tracker, { swarm, rate, seconds }, { say, url });
          const record = { tracker, swarm, run, ...figures };
          records.push(record);
          if (json) process.stdout.write(`${JSON.stringify(record)}\n`);
        } catch (error) {
          failed += 1;
          say(`failed: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
  if (!json) {
    const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}`;
    process.stdout.write(
      `Node ${process.versions.node}, ${machine}; ${rate} announces a second, ${seconds} s measured, ${runs} run(s).\n\n` +
        `${reportOf(records)}\n`,
    );
  }
  return failed > 0 || !records.some(({ valid }) => valid) ? 1 : 0;
}

function showAudience({ swarms, json }: TrackerBenchOptions): number {
  const figures = swarms
    .filter((size) => size >= LEAST_AUDIENCE)
    .map((size) => measureAudience(size, AUDIENCE_SEED));
  if (json) for (const line of figures) process.stdout.write(`${JSON.stringify(line)}\n`);
  else process.stdout.write(`${audienceReport(figures)}\n`);
  return figures.length > 0 ? 0 : 1;
}

async function measure(
  tracker: LoadRecord['tracker'],
  plan: LoadPlan,
  at: { readonly say: (line: string) => void; readonly url: URL | undefined },
) {
  const { say: progress } = at;
  if (tracker === 'elsewhere' && at.url !== undefined)
    return loadTracker(at.url, plan, { measure: undefined, progress });
  if (tracker === 'elsewhere') throw new Error('no URL');
  const host = await startTrackerHost(tracker);
  try {
    return await loadTracker(host.url, plan, { measure: host.measure, progress });
  } finally {
    await host.close();
  }
}
