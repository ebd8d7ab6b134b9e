import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, percentile } from '../../support/percentile.ts';
import { cpuSecondsOf } from '../delivery/process-cpu.ts';
import { MAX_LAG_MS, startLagMeter } from '../lag-meter.ts';
import { HELP, readOptions, type ReloadBenchOptions } from './options.ts';
import { OriginCommand } from '../../support/origin-command.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { runProgram } from '../run-program.ts';
import { connectClient, type WaitingClient } from './waiting-client.ts';

/** One part, and when those who waited for it had it. Milliseconds after the first of them, which is answered as it is stored. */
type PartRecord = {
  readonly part: string;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly lastMs: number;
  /** After a player at the origin itself had it, where the others are at a delivery process. */
  readonly firstMs?: number;
  readonly answered: number;
  readonly bytes: number;
};

await runProgram({ help: HELP, read: readOptions, run });

async function run(wanted: ReloadBenchOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-reload-'));
  process.stderr.write('a broadcast begins\n');
  const path = fileURLToPath(new URL('origin-process.ts', import.meta.url));
  const undo: (() => unknown)[] = [];
  try {
    const redis = wanted.role === 'all' ? undefined : await RedisServer.start({ forgets: true });
    undo.push(() => redis?.close());
    const args = redis === undefined ? [folder] : [folder, redis.url];
    const origin = fork(path, args, { execArgv: process.execArgv });
    undo.push(() => origin.kill());
    const [message] = (await once(origin, 'message')) as [string];
    const delivery = redis && (await startDelivery(redis.url));
    undo.push(() => delivery?.stop());
    const asked = delivery?.pid ?? origin.pid ?? 0;
    const list = new URL(new URL(message).pathname, delivery?.url ?? message);
    const clients: WaitingClient[] = [];
    process.stderr.write(`connecting ${wanted.clients}\n`);
    while (clients.length < wanted.clients) clients.push(await connectClient(Number(list.port)));
    const lag = await startLagMeter();
    const cpu = cpuSecondsOf([asked]);
    const begun = performance.now();
    const witness = delivery && (await connectClient(Number(new URL(message).port)));
    const records = await measure(list, { clients, witness }, wanted);
    witness?.close();
    const seconds = (performance.now() - begun) / 1000;
    const used = cpuSecondsOf([asked]) - cpu;
    const lagMs = lag.stop();
    for (const client of clients) client.close();
    if (!wanted.json) process.stdout.write(table(records, wanted));
    process.stderr.write(
      `${wanted.role === 'all' ? 'origin' : 'delivery'}: ${((100 * used) / seconds).toFixed(0)} % of a core; longest lag of the players' event loop ${lagMs.toFixed(0)} ms${lagMs > MAX_LAG_MS ? ': invalid' : ''}\n`,
    );
    return records.every(({ answered }) => answered === wanted.clients) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    for (const each of undo.reverse()) await each();
    rmSync(folder, { recursive: true, force: true });
  }
}

function startDelivery(redis: string): Promise<OriginCommand> {
  const local = ['--host', '127.0.0.1', '--http-port', '0', '--log-level', 'silent'];
  return OriginCommand.start(['delivery', ...local, '--redis', redis]);
}

/** Every player asks for the part after the one it got, as one that plays does. */
async function measure(
  list: URL,
  {
    clients,
    witness,
  }: { readonly clients: readonly WaitingClient[]; readonly witness: WaitingClient | undefined },
  { parts, json }: ReloadBenchOptions,
): Promise<readonly PartRecord[]> {
  const records: PartRecord[] = [];
  // The first is not measured: who asks while it is stored does not wait.
  for (let i = 0; i <= parts; i++) {
    const text = await (await fetch(list)).text();
    const [, msn, part] = /PRELOAD-HINT:.*-(\d+)\.(\d+)\.m4s/.exec(text) ?? [];
    const path = `${list.pathname}?_HLS_msn=${msn}&_HLS_part=${part}`;
    const asked = witness?.ask(path);
    const answers = await Promise.all(clients.map((client) => client.ask(path)));
    const witnessed = await asked;
    if (i === 0) continue;
    const first = Math.min(...answers.map(({ at }) => at));
    const after = answers.map(({ at }) => at - first);
    const record = {
      part: `${msn}.${part}`,
      medianMs: median(after) ?? NaN,
      p99Ms: percentile(after, 0.99) ?? NaN,
      lastMs: Math.max(...after),
      ...(witnessed !== undefined && { firstMs: first - witnessed.at }),
      answered: answers.filter(({ status }) => status === 200).length,
      bytes: answers[0]?.bytes ?? 0,
    };
    records.push(record);
    if (json) process.stdout.write(`${JSON.stringify(record)}\n`);
    else process.stderr.write(`part ${i} of ${parts}: ${record.lastMs.toFixed(0)} ms\n`);
  }
  return records;
}

function table(records: readonly PartRecord[], { clients }: ReloadBenchOptions): string {
  const of = (pick: (record: PartRecord) => number): string => {
    const all = records.map(pick);
    return `${(median(all) ?? NaN).toFixed(0)} | ${Math.max(...all).toFixed(0)}`;
  };
  return [
    `${clients} players, ${records.length} parts; ms after the first answer`,
    '| | median part | worst part |',
    '|---|---|---|',
    `| half of the players | ${of(({ medianMs }) => medianMs)} |`,
    `| 99 % | ${of(({ p99Ms }) => p99Ms)} |`,
    `| the last | ${of(({ lastMs }) => lastMs)} |`,
    ...(records.some(({ firstMs }) => firstMs !== undefined)
      ? [`| the first, after the origin's own | ${of(({ firstMs = NaN }) => firstMs)} |`]
      : []),
    '',
  ].join('\n');
}
