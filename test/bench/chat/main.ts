import { median, percentile } from '../../support/percentile.ts';
import { pause, until } from '../../support/until.ts';
import { cpuSecondsOf } from '../delivery/process-cpu.ts';
import { MAX_LAG_MS, startLagMeter } from '../lag-meter.ts';
import { runProgram } from '../run-program.ts';
import { FeedClient } from './feed-client.ts';
import { type ChatBenchOptions, HELP, readOptions } from './options.ts';
import { type Memory, type ServiceHost } from './service-host.ts';
import { startServices } from './start-services.ts';

/** What came of a run. Times from sending to each reader. */
type ChatRecord = {
  readonly what: 'messages' | 'titles';
  readonly processes: number;
  readonly readers: number;
  readonly sent: number;
  readonly refused: number;
  readonly lost: number;
  readonly outOfOrder: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly lastMs: number;
  /** Of a core, by all processes of the service. */
  readonly cpuShare: number;
  /** Of a core, by the readers. */
  readonly readersCpuShare: number;
  /** Of the largest process of the service after garbage collection, before and after. */
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
  const { services, close } = await startServices(wanted.processes);
  try {
    const record = await measure(services, wanted);
    process.stdout.write(wanted.json ? `${JSON.stringify(record)}\n` : table(record));
    return missed(record).length === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    await close();
  }
}

async function measure(
  services: readonly [ServiceHost, ...ServiceHost[]],
  wanted: ChatBenchOptions,
): Promise<ChatRecord> {
  const { readers, rate, seconds, title } = wanted;
  const [first] = services;
  const of = (index: number): ServiceHost => services[index % services.length] ?? first;
  const before = Math.round(rate * WARM_UP_S);
  const total = before + rate * seconds;
  const writers = title ? 0 : Math.min(readers, rate * SECONDS_OF_A_WRITER);
  const sentAt = new Float64Array(total);
  const took: number[] = [];
  let [early, outOfOrder] = [0, 0];
  process.stderr.write(`connecting ${readers}\n`);
  const clients: FeedClient[] = [];
  while (clients.length < readers) {
    const service = of(clients.length);
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
        const change = { token: first.admin, body: { title: String(i) } };
        await of(i).call('PATCH', '/v1/channels/bench', change);
      } else clients[i % writers]?.write(String(i));
    }
  };
  process.stderr.write('warming up\n');
  await send(0, before);
  await until(() => early >= before * readers, { what: 'the first ones' });
  const memoryBefore = await largest(services);
  const lag = await startLagMeter();
  const pids = services.map(({ pid }) => pid);
  const [cpu, own] = [cpuSecondsOf(pids), cpuSecondsOf([process.pid])];
  const begun = performance.now();
  await send(before, total);
  const all = (total - before) * readers;
  // What is lost never comes.
  await until(() => took.length >= all, { what: 'all of it' }).catch(() => undefined);
  const elapsed = (performance.now() - begun) / 1_000;
  const used = cpuSecondsOf(pids) - cpu;
  const ownUsed = cpuSecondsOf([process.pid]) - own;
  const lagMs = lag.stop();
  const memoryAfter = await largest(services);
  for (const client of clients) client.close();
  return {
    ...{ what: title ? 'titles' : 'messages', processes: services.length },
    ...{ readers, sent: total - before },
    refused: clients.reduce((sum, { refused }) => sum + refused, 0),
    ...{ lost: all - took.length, outOfOrder },
    medianMs: median(took) ?? NaN,
    p99Ms: percentile(took, 0.99) ?? NaN,
    lastMs: took.reduce((most, ms) => Math.max(most, ms), 0),
    ...{ cpuShare: used / elapsed, readersCpuShare: ownUsed / elapsed },
    heapMiB: [memoryBefore.heapBytes / MIB, memoryAfter.heapBytes / MIB],
    rssMiB: [memoryBefore.rssBytes / MIB, memoryAfter.rssBytes / MIB],
    lagMs,
  };
}

/** Memory of the process that has most of it. */
async function largest(services: readonly ServiceHost[]): Promise<Memory> {
  const all = await Promise.all(services.map((service) => service.memory()));
  return {
    heapBytes: Math.max(...all.map(({ heapBytes }) => heapBytes)),
    rssBytes: Math.max(...all.map(({ rssBytes }) => rssBytes)),
  };
}

/** Which bars were missed, in words. */
function missed(record: ChatRecord): string[] {
  const { what, p99Ms, lost, outOfOrder, refused, heapMiB, lagMs } = record;
  const [first, last] = heapMiB;
  return [
    ...(lagMs <= MAX_LAG_MS ? [] : ['the run is invalid: the readers were held up']),
    ...(p99Ms <= BARS_MS[what] ? [] : [`p99 is over ${BARS_MS[what]} ms`]),
    ...(lost === 0 && refused === 0 ? [] : ['some were lost or refused']),
    ...(outOfOrder === 0 ? [] : ['some were out of order']),
    ...(last <= first + GROWTH_MIB ? [] : ['the heap has grown']),
  ];
}

function table(record: ChatRecord): string {
  const { what, processes, readers, sent, lagMs } = record;
  const mib = ([first, last]: readonly [number, number]): string =>
    `${first.toFixed(0)} → ${last.toFixed(0)}`;
  const misses = missed(record);
  return [
    `${sent} ${what}, ${readers} readers, service of ${processes}; ms from sending to each reader`,
    '| | |',
    '|---|---|',
    `| median | ${record.medianMs.toFixed(0)} |`,
    `| 99 % | ${record.p99Ms.toFixed(0)} |`,
    `| the last | ${record.lastMs.toFixed(0)} |`,
    `| lost, refused, out of order | ${record.lost}, ${record.refused}, ${record.outOfOrder} |`,
    `| service: of a core | ${(100 * record.cpuShare).toFixed(0)} % |`,
    `| readers: of a core | ${(100 * record.readersCpuShare).toFixed(0)} % |`,
    `| service: heap, MiB | ${mib(record.heapMiB)} |`,
    `| service: all memory, MiB | ${mib(record.rssMiB)} |`,
    `| longest lag of the readers' event loop | ${lagMs.toFixed(0)} |`,
    misses.length === 0 ? 'all bars are met' : `missed: ${misses.join(', ')}`,
    '',
  ].join('\n');
}
