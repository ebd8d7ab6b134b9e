import { HELP, readOptions } from './options.ts';
import { type Figures, runScene } from './scene.ts';

const COLUMNS: readonly { readonly name: string; readonly of: (f: Figures) => string }[] = [
  { name: 'scene', of: ({ scene }) => scene },
  { name: 'seed', of: ({ seed }) => `${seed}` },
  { name: 'copies', of: ({ copiesMean }) => copiesMean.toFixed(2) },
  { name: 'max', of: ({ copiesMax }) => copiesMax.toFixed(2) },
  { name: 'offload %', of: ({ offloadPercent }) => offloadPercent.toFixed(1) },
  { name: 'stalls', of: ({ stalls }) => `${stalls}` },
  { name: 'start-up s', of: ({ startupMedianMs }) => (startupMedianMs / 1000).toFixed(2) },
  { name: 'latency max s', of: ({ latencyMaxMs }) => (latencyMaxMs / 1000).toFixed(1) },
  { name: 'twice %', of: ({ wastedPercent }) => wastedPercent.toFixed(1) },
  { name: 'upload max/mean', of: ({ uploadMaxOverMean }) => uploadMaxOverMean.toFixed(2) },
  { name: 'corrupt', of: ({ corruptPlayed }) => `${corruptPlayed}` },
  { name: 'CPU ms', of: ({ cpuMsPerViewerSecond }) => cpuMsPerViewerSecond.toFixed(1) },
];

const options = readOptions(process.argv.slice(2));
if (!options.ok) {
  process.stderr.write(`${options.error}\n\n${HELP}`);
  process.exitCode = 2;
} else if (options.value === 'help') process.stdout.write(HELP);
else {
  const { scenes, seed, runs, json } = options.value;
  if (!json) {
    printRow(COLUMNS.map(({ name }) => name));
    printRow(COLUMNS.map((_, i) => (i === 0 ? '---' : '---:')));
  }
  for (const scene of scenes)
    for (let run = 0; run < runs; run++) {
      const say = (line: string): void => {
        process.stderr.write(`${scene.name} ${seed + run}: ${line}\n`);
      };
      const figures = runScene(scene, seed + run, say);
      if (json) process.stdout.write(`${JSON.stringify(figures)}\n`);
      else printRow(COLUMNS.map(({ of }) => of(figures)));
    }
}

function printRow(cells: readonly string[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
