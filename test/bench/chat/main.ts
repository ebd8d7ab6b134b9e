import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, percentile } from '../../support/percentile.ts';
import { pause, until } from '../../support/until.ts';
import { cpuSecondsOf } from '../delivery/process-cpu.ts';
import { MAX_LAG_MS, startLagMeter } from '../lag-meter.ts';
import { runProgram } from '../run-program.ts';
import { FeedClient } from './feed-client.ts';
import { type ChatBenchOptions, HELP, readOptions } from './options.ts';
import { ServiceHost } from './service-host.ts';

/** What came of a run. Times from sending to each reader. */
type ChatRecord = {
  readonly what: 'messages' | 'titles';
  readonly readers: number;
  readonly sent: number;
  readonly refused: number;
  readonly lost: number;
  readonly outOfOrder: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly lastMs: number;
  /** Of a core, by the service. */
  readonly cpuShare: number;
  /** Of the service after garbage collection, before and after. */
  readonly heapMiB: readonly [number, number];
  readonly rssMiB: readonly [number, number];
  /** Longest delay of the event loop of the readers. */
  readonly lagMs: number;
};

const BARS_MS = { messages: 150, titles: 100 } as const;
/** What is sent before anything is measured: the service has compiled and loaded then what it needs. */
const WARM_UP_S = 3;
/** Each writes less than anybody may: 20 messages in 30 s. */
const SECONDS_OF_A_WRITER = 2;
const MIB = 1024 * 1024;
/** A heap that has grown by so much has grown. */
const GROWTH_MIB = 5;

await runProgram({ help: HELP, read: readOptions, run });

async function run(wanted: ChatBenchOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-chat-'));
  const service = await ServiceHost.start(join(folder, 'shoal.db'));
  try {
    const record = await measure(service, wanted);
    process.stdout.write(wanted.json ? `${JSON.stringify(record)}\n` : table(record));
    return missed(record).length === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    service.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(service: ServiceHost, wanted: ChatBenchOptions): Promise<ChatRecord> {
  const { readers, rate, seconds, title } = wanted;
  const before = Math.round(rate * WARM_UP_S);
  const total = before + rate * seconds;
  const writers = title ? 0 : Math.min(readers, rate * SECONDS_OF_A_WRITER);
  const sentAt = new Float64Array(total);
  const took: number[] = [];
  let [early, outOfOrder] = [0, 0];
  process.stderr.write(`connecting ${readers}\n`);
  const clients: FeedClient[] = [];
  while (clients.length < readers) {
    const token = clients.length < writers ? await service.guest() : undefined;
    let last = 0;
    clients.push(
      await FeedClient.connect(service.feedUrl(token), ({ seq, text }) => {
        const index = Number(text);
        if (index < before) early += 1;
        else took.push(performance.now() - (sentAt[index] ?? NaN));
        if (seq !== last + 1) outOfOrder += 1;
        last = seq;
      }),
    );
  }
  const send = async (from: number, to: number): Promise<void> => {
    const begun = performance.now();
    for (let i = from; i < to; i++) {
      await pause(Math.max(0, begun + (1_000 * (i - from)) / rate - performance.now()));
      sentAt[i] = performance.now();
      if (title) {
        const change = { token: service.admin, body: { title: String(i) } };
        await service.call('PATCH', '/v1/channels/bench', change);
      } else clients[i % writers]?.write(String(i));
    }
  };
  process.stderr.write('warming up\n');
  await send(0, before);
  await until(() => early >= before * readers, { what: 'the first ones' });
  const first = await service.memory();
  const lag = await startLagMeter();
  const cpu = cpuSecondsOf([service.pid]);
  const begun = performance.now();
  await send(before, total);
  const all = (total - before) * readers;
  // What is lost never comes.
  await until(() => took.length >= all, { what: 'all of it' }).catch(() => undefined);
  const elapsed = (performance.now() - begun) / 1_000;
  const used = cpuSecondsOf([service.pid]) - cpu;
  const lagMs = lag.stop();
  const last = await service.memory();
  for (const client of clients) client.close();
  return {
    ...{ what: title ? 'titles' : 'messages', readers, sent: total - before },
    refused: clients.reduce((sum, { refused }) => sum + refused, 0),
    ...{ lost: all - took.length, outOfOrder },
    medianMs: median(took) ?? NaN,
    p99Ms: percentile(took, 0.99) ?? NaN,
    lastMs: took.reduce((most, ms) => Math.max(most, ms), 0),
    cpuShare: used / elapsed,
    heapMiB: [first.heapBytes / MIB, last.heapBytes / MIB],
    rssMiB: [first.rssBytes / MIB, last.rssBytes / MIB],
    lagMs,
  };
}

/** Which bars were missed, in words. */
function missed({ what, p99Ms, lost, outOfOrder, refused, heapMiB }: ChatRecord): string[] {
  const [first, last] = heapMiB;
  return [
    ...(p99Ms <= BARS_MS[what] ? [] : [`p99 is over ${BARS_MS[what]} ms`]),
    ...(lost === 0 && refused === 0 ? [] : ['some were lost or refused']),
    ...(outOfOrder === 0 ? [] : ['some were out of order']),
    ...(last <= first + GROWTH_MIB ? [] : ['the heap has grown']),
  ];
}

function table(record: ChatRecord): string {
  const { what, readers, sent, lagMs } = record;
  const mib = ([first, last]: readonly [number, number]): string =>
    `${first.toFixed(0)} → ${last.toFixed(0)}`;
  const misses = missed(record);
  return [
    `${sent} ${what}, ${readers} readers; ms from sending to each reader`,
    '| | |',
    '|---|---|',
    `| median | ${record.medianMs.toFixed(0)} |`,
    `| 99 % | ${record.p99Ms.toFixed(0)} |`,
    `| the last | ${record.lastMs.toFixed(0)} |`,
    `| lost, refused, out of order | ${record.lost}, ${record.refused}, ${record.outOfOrder} |`,
    `| service: of a core | ${(100 * record.cpuShare).toFixed(0)} % |`,
    `| service: heap, MiB | ${mib(record.heapMiB)} |`,
    `| service: all memory, MiB | ${mib(record.rssMiB)} |`,
    `| longest lag of the readers' event loop | ${lagMs.toFixed(0)}${lagMs > MAX_LAG_MS ? ': invalid' : ''} |`,
    misses.length === 0 ? 'all bars are met' : `missed: ${misses.join(', ')}`,
    '',
  ].join('\n');
}
