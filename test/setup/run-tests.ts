import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPostgres } from '../support/find-postgres.ts';
import { PostgresServer } from '../support/postgres.ts';
import { ensureChromium, ensureFfmpeg, ensureRedis, offerPostgres, SetupError } from './install.ts';
import { planTests, type TestStage } from './test-plan.ts';
import { add, type FinishedRun, NO_TESTS, totalsLine, totalsOf } from './test-totals.ts';

const WORKSPACE_DIR = fileURLToPath(new URL('../..', import.meta.url));
const VITEST = join(
  dirname(createRequire(import.meta.url).resolve('vitest/package.json')),
  'vitest.mjs',
);

const HELP = `npm test -- [--project NAME]... [vitest arguments]

Runs all tests of vitest.config.ts: the quick projects first, then servers, integration and e2e, for which
Chromium, ffmpeg and Redis are looked for and, as root on Debian, installed. The last line is "N passed, N failed".
`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(HELP);
    return 0;
  }
  const plan = planTests(args);
  let totals = NO_TESTS;
  for (const stage of plan.stages) {
    console.log(`\n=== ${stage.title}`);
    const run = await runStage(stage, plan.passedOn);
    totals = add(totals, totalsOf(run));
  }
  if (totals.skipped > 0) console.log(`\n${totals.skipped} skipped`);
  console.log(`\n${totalsLine(totals)}`);
  return totals.failed === 0 ? 0 : 1;
}

async function runStage(
  { projects, needsChromium, needsFfmpeg, needsRedis, wantsPostgres }: TestStage,
  passedOn: readonly string[],
): Promise<FinishedRun> {
  try {
    const env: Record<string, string> = {};
    if (needsChromium) env['CHROMIUM_PATH'] = (await ensureChromium(console.log)).path;
    if (needsFfmpeg) await ensureFfmpeg(console.log);
    if (needsRedis) env['REDIS_SERVER_PATH'] = await ensureRedis(console.log);
    if (wantsPostgres) env['SHOAL_TEST_POSTGRES'] = (await hasPostgres()) ? 'on' : 'off';
    return await runVitest(projects, passedOn, env);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    return { exitCode: 1, report: undefined };
  }
}

/** Whether there is a PostgreSQL that starts. */
async function hasPostgres(): Promise<boolean> {
  await offerPostgres(console.log, { isThere: () => findPostgres() !== undefined });
  if (findPostgres() === undefined) return false;
  try {
    await (await PostgresServer.start()).close();
    return true;
  } catch (error) {
    console.log(`PostgreSQL does not start, its tests are left out: ${String(error)}`);
    return false;
  }
}

async function runVitest(
  projects: readonly string[],
  passedOn: readonly string[],
  extraEnv: Readonly<Record<string, string>>,
): Promise<FinishedRun> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-tests-'));
  const reportFile = join(folder, 'report.json');
  const plain = process.env['CI'] === 'true' || !process.stdout.isTTY;
  try {
    const exitCode = await runNode(
      [
        VITEST,
        'run',
        ...projects.flatMap((project) => ['--project', project]),
        '--passWithNoTests',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${reportFile}`,
        ...passedOn,
      ],
      { plain, env: { ...process.env, ...extraEnv, ...(plain ? { NO_COLOR: '1' } : {}) } },
    );
    const report = await readFile(reportFile, 'utf8').catch(() => undefined);
    return { exitCode, report };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs Node and gives its exit code. `plain` hides the terminal from it, so that it prints lines only. */
function runNode(
  args: readonly string[],
  options: { readonly plain: boolean; readonly env: NodeJS.ProcessEnv },
): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: WORKSPACE_DIR,
      env: options.env,
      stdio: options.plain ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    });
    child.stdout?.pipe(process.stdout, { end: false });
    child.stderr?.pipe(process.stderr, { end: false });
    const stop = (): void => {
      child.kill('SIGTERM');
    };
    process.once('SIGTERM', stop);
    child.once('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.once('close', (code) => {
      process.removeListener('SIGTERM', stop);
      resolve(code ?? 1);
    });
  });
}
