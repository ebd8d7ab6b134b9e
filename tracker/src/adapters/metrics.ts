import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { TrackerTotals } from '../core/index.ts';

/**
 * What the tracker counts, for Prometheus. Labels are from closed lists, so their number is bounded; plain numbers
 * on the way of messages, which become metrics only when they are asked for.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #received: Counts = new Map();
  readonly #sent: Counts = new Map();
  readonly #closed: Counts = new Map();
  readonly #refused: Counts = new Map();
  #receivedBytes = 0;
  #sentBytes = 0;

  /** With `process`, those of the Node process as well: CPU, memory, garbage collection, event-loop lag. */
  constructor(totals: () => TrackerTotals, options: { readonly process: boolean }) {
    const registers = [this.#registry];
    if (options.process) collectDefaultMetrics({ register: this.#registry });
    for (const [name, help, read] of [
      ['connections', 'WebSockets open', ({ connections }: TrackerTotals) => connections],
      ['channels', 'Channels with viewers', ({ channels }: TrackerTotals) => channels],
      ['swarms', 'Swarms of the WebTorrent dialect', ({ swarms }: TrackerTotals) => swarms],
    ] as const)
      new Gauge({
        name: `shoal_tracker_${name}`,
        help,
        registers,
        collect() {
          this.set(read(totals()));
        },
      });
    for (const { name, help, label, read } of [
      {
        ...{ name: 'messages_received_total', help: 'Messages, by what they were', label: 'kind' },
        read: () => listed(this.#received),
      },
      {
        ...{ name: 'messages_sent_total', help: 'Messages, by action', label: 'action' },
        read: () => listed(this.#sent),
      },
      {
        ...{ name: 'closed_total', help: 'Connections it closed, by close code', label: 'code' },
        read: () => listed(this.#closed),
      },
      {
        ...{ name: 'refused_total', help: 'Upgrades refused, by HTTP status', label: 'status' },
        read: () => listed(this.#refused),
      },
      {
        ...{ name: 'bytes_total', help: 'Of messages', label: 'direction' },
        read: () =>
          [
            ['received', this.#receivedBytes],
            ['sent', this.#sentBytes],
          ] as const,
      },
    ])
      new Counter({
        ...{ name: `shoal_tracker_${name}`, help, labelNames: [label], registers },
        collect() {
          this.reset();
          for (const [value, count] of read()) this.inc({ [label]: value }, count);
        },
      });
  }

  received(kind: 'text' | 'malformed', bytes: number): void {
    bump(this.#received, kind, 1);
    this.#receivedBytes += bytes;
  }

  /** One message to `to` connections. */
  sent(action: string, bytes: number, to: number): void {
    bump(this.#sent, action, to);
    this.#sentBytes += bytes * to;
  }

  closed(code: number): void {
    bump(this.#closed, String(code), 1);
  }

  refused(status: string): void {
    bump(this.#refused, status, 1);
  }

  async render(): Promise<{ readonly type: string; readonly text: string }> {
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }
}

/** Cells, so that counting on is one look into the map. */
type Counts = Map<string, { count: number }>;

function bump(counts: Counts, key: string, by: number): void {
  const cell = counts.get(key);
  if (cell === undefined) counts.set(key, { count: by });
  else cell.count += by;
}

function listed(counts: Counts): readonly (readonly [string, number])[] {
  return [...counts].map(([key, { count }]) => [key, count]);
}
