import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from '../../support/percentile.ts';
import { cpuSecondsOf } from './process-cpu.ts';
import { startNginx } from './nginx.ts';
import { type DeliveryBenchOptions, HELP, readOptions } from './options.ts';
import { OriginCommand } from '../../support/origin-command.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { runProgram } from '../run-program.ts';
import { runWrk, WRK_SCRIPT } from './wrk.ts';

/** A server with the segments, warm. */
type Contender = {
  readonly name: string;
  readonly urls: readonly string[];
  readonly pids: () => readonly number[];
};

/** One measurement. */
type DeliveryRecord = {
  readonly server: string;
  readonly run: number;
  /** Bytes a second. */
  readonly rate: number;
  readonly requestsPerSecond: number;
  /** CPU seconds of the server for each GB. */
  readonly cpuPerGb: number;
  readonly errors: number;
};

await runProgram({ help: HELP, read: readOptions, run });

async function run(wanted: DeliveryBenchOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-delivery-'));
  const undo: (() => unknown)[] = [
    () => {
      rmSync(folder, { recursive: true, force: true });
    },
  ];
  try {
    const contenders = await startContenders(folder, undo);
    const script = join(folder, 'load.lua');
    writeFileSync(script, WRK_SCRIPT);
    const records: DeliveryRecord[] = [];
    for (let run = 1; run <= wanted.runs; run++)
      for (const contender of contenders) {
        process.stderr.write(`run ${run} of ${wanted.runs}: ${contender.name}\n`);
        const record = await measure(contender, { ...wanted, run, script });
        records.push(record);
        if (wanted.json) process.stdout.write(`${JSON.stringify(record)}\n`);
      }
    if (!wanted.json) process.stdout.write(table(records, wanted));
    return records.some(({ errors }) => errors > 0) ? 1 : 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    for (let next = undo.pop(); next !== undefined; next = undo.pop()) await next();
  }
}

async function startContenders(
  folder: string,
  undo: (() => unknown)[],
): Promise<readonly Contender[]> {
  process.stderr.write('making segments\n');
  const path = fileURLToPath(new URL('origin-process.ts', import.meta.url));
  const redis = await RedisServer.start({ forgets: true });
  undo.push(() => redis.close());
  const args = [join(folder, 'origin'), redis.url];
  const origin = fork(path, args, { execArgv: process.execArgv });
  undo.push(() => origin.kill());
  const [message] = (await once(origin, 'message')) as [readonly string[]];
  const shoal = { name: 'shoal', urls: message, pids: () => [origin.pid ?? 0] };
  const local = ['--host', '127.0.0.1', '--http-port', '0', '--log-level', 'silent'];
  const node = await OriginCommand.start(['delivery', ...local, '--redis', redis.url]);
  undo.push(() => node.stop());
  const nodeUrls = message.map((url) => new URL(new URL(url).pathname, node.url).href);
  const delivery = { name: 'shoal, delivery apart', urls: nodeUrls, pids: () => [node.pid] };
  const contenders: Contender[] = [shoal, delivery];
  for (const workers of [1, 2]) {
    const nginx = await startNginx(folder, workers);
    undo.push(() => nginx.close());
    const urls = message.map((url) => new URL(new URL(url).pathname, nginx.url).href);
    contenders.push({ name: `nginx, ${workers} worker(s)`, urls, pids: nginx.pids });
  }
  for (const url of message) {
    const file = join(folder, 'www', new URL(url).pathname);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.from(await (await fetch(url)).arrayBuffer()));
  }
  return contenders;
}

async function measure(
  { name, urls, pids }: Contender,
  plan: DeliveryBenchOptions & { readonly run: number; readonly script: string },
): Promise<DeliveryRecord> {
  await runWrk(urls, { ...plan, seconds: 1 });
  const before = cpuSecondsOf(pids());
  const { bytes, requests, seconds, errors } = await runWrk(urls, plan);
  const cpu = cpuSecondsOf(pids()) - before;
  return {
    ...{ server: name, run: plan.run, errors },
    rate: bytes / seconds,
    requestsPerSecond: requests / seconds,
    cpuPerGb: cpu / (bytes / 1e9),
  };
}

function table(
  records: readonly DeliveryRecord[],
  { connections, seconds }: DeliveryBenchOptions,
): string {
  const names = [...new Set(records.map(({ server }) => server))];
  const of = (name: string, pick: (record: DeliveryRecord) => number): number =>
    median(records.filter(({ server }) => server === name).map(pick)) ?? NaN;
  const ours = of('shoal', ({ rate }) => rate);
  const rows = names.map((name) => {
    const rate = of(name, (record) => record.rate);
    const cells = [
      name,
      (rate / 1e6).toFixed(0),
      of(name, (record) => record.requestsPerSecond).toFixed(0),
      of(name, (record) => record.cpuPerGb).toFixed(2),
      (ours / rate).toFixed(2),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}; ${connections} connections, ${seconds} s each.`,
    '',
    '| server | MB/s | requests/s | CPU s a GB | ours over it |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
