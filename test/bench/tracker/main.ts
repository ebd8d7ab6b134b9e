import { cpus } from 'node:os';
import { type LoadPlan, loadTracker } from './load.ts';
import { HELP, readOptions, type TrackerBenchOptions } from './options.ts';
import { type LoadRecord, reportOf } from './report.ts';
import { startTrackerHost } from './tracker-host.ts';

/** Trackers under the load of whole swarms, one after the other in one run. */

const options = readOptions(process.argv.slice(2));
if (!options.ok) {
  process.stderr.write(`${options.error}\n\n${HELP}`);
  process.exitCode = 2;
} else if (options.value === undefined) process.stdout.write(HELP);
else process.exitCode = await run(options.value);

async function run(wanted: TrackerBenchOptions): Promise<number> {
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
