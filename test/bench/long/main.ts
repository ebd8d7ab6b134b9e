import { runAccelerated } from './accelerated.ts';
import { makeClip } from './clip.ts';
import { growthOf, type Measurement } from './growth.ts';
import { HELP, type LongBenchOptions, readOptions } from './options.ts';
import { runProgram } from '../run-program.ts';
import { runReal } from './real.ts';
import { type LongResult, table } from './report.ts';

/** Hours of one channel: memory that is kept, and playlists that are right to the end. */

await runProgram({ help: HELP, read: readOptions, run });

async function run(wanted: LongBenchOptions): Promise<number> {
  const onMeasured = (measured: Measurement): void => {
    const { minute, epochs, segments, findings } = measured;
    process.stderr.write(
      `minute ${minute} of ${wanted.minutes}: ${epochs} epochs, ${segments} segments, ${findings} findings\n`,
    );
    if (wanted.json) process.stdout.write(`${JSON.stringify(measured)}\n`);
  };
  try {
    const result = await (wanted.real ? runReal : accelerated)({ ...wanted, onMeasured });
    const growth = growthOf(result.measurements);
    if (wanted.json) process.stdout.write(`${JSON.stringify({ ...result, growth })}\n`);
    else process.stdout.write(table(result, growth));
    return growth.grown || result.findings.length > 0 ? 1 : 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

async function accelerated(
  of: LongBenchOptions & { readonly onMeasured: (measured: Measurement) => void },
): Promise<LongResult> {
  process.stderr.write('making clips\n');
  const clips = [
    await makeClip({ size: '320x180', bFrames: 0 }),
    await makeClip({ size: '256x144', bFrames: 2 }),
  ];
  return runAccelerated({ ...of, clips });
}
