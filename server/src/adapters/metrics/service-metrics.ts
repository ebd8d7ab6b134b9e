import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type FeedAudience, type FeedEvent } from '@shoal/protocol';
import { type Attempt, type ChatRefusal, wasTaken } from '../../core/index.ts';
import { render, type RenderedMetrics } from './rendered.ts';

/** Rows that are counted when somebody asks, by state where they have one. */
export type ServiceTotals = {
  readonly outbox: number;
  readonly deliveries: number;
  readonly broadcasts: Counts;
  readonly donations: Counts;
  readonly subscriptions: Counts;
};

/** How many by state. */
export type Counts = Readonly<Record<string, number>>;

/** What was answered. */
export type Answered = {
  /** As it was registered; undefined where there is no such route. */
  readonly route: string | undefined;
  readonly method: string;
  readonly status: number;
  readonly ms: number;
};

/** How a reader of a feed was ended by the service. */
export type ReaderEnd = 'too-slow' | 'too-many' | 'no-answer' | 'bad-message' | 'failed';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const QUERY_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

/** What the service counts, for Prometheus (OPS-3). Labels are from closed lists, so their number is bounded: no id is one. */
export class ServiceMetrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<'route' | 'method' | 'status'>;
  readonly #seconds: Histogram<'route' | 'method'>;
  readonly #readers: Gauge<'audience'>;
  readonly #refused: Counter<'status'>;
  readonly #ended: Counter<'reason'>;
  readonly #appended: Counter<'type'>;
  readonly #sent: Counter;
  readonly #resyncs: Counter;
  readonly #chat: Counter<'outcome'>;
  readonly #webhooks: Counter<'outcome'>;
  readonly #queries: Histogram<'kind'>;
  readonly #failures: Counter;

  /** With `process`, those of the Node process as well: CPU, memory, garbage collection, event-loop lag. */
  constructor(options: { readonly process: boolean }) {
    const registers = [this.#registry];
    if (options.process) collectDefaultMetrics({ register: this.#registry });
    const counter = <Label extends string = never>(
      name: string,
      help: string,
      labelNames: Label[] = [],
    ): Counter<Label> =>
      new Counter({ name: `shoal_service_${name}`, help, labelNames, registers });
    this.#requests = counter(
      'http_requests_total',
      'Requests, by route, method and class of status',
      [...(['route', 'method', 'status'] as const)],
    );
    this.#seconds = new Histogram({
      name: 'shoal_service_http_request_seconds',
      help: 'Time to the end of the answer, by route and method',
      labelNames: ['route', 'method'],
      ...{ buckets: REQUEST_SECONDS, registers },
    });
    this.#readers = new Gauge({
      name: 'shoal_service_feed_readers',
      help: 'Readers of feeds, by audience',
      ...{ labelNames: ['audience'], registers },
    });
    for (const audience of ['viewers', 'streamer'] as const) this.#readers.set({ audience }, 0);
    this.#refused = counter('feed_refused_total', 'Readers that were not let in, by HTTP status', [
      'status',
    ]);
    this.#ended = counter('feed_ended_total', 'Readers that the service ended, by reason', [
      'reason',
    ]);
    this.#appended = counter('feed_events_total', 'Events appended to feeds, by type', ['type']);
    this.#sent = counter('feed_events_sent_total', 'Events sent to readers, each to each');
    this.#resyncs = counter('feed_resyncs_total', 'Readers told to begin anew');
    this.#chat = counter('chat_messages_total', 'Messages written, by what became of them', [
      'outcome',
    ]);
    this.#webhooks = counter('webhook_attempts_total', 'Attempts to deliver, by outcome', [
      'outcome',
    ]);
    this.#queries = new Histogram({
      name: 'shoal_service_database_query_seconds',
      help: 'Time of queries, by kind',
      labelNames: ['kind'],
      ...{ buckets: QUERY_SECONDS, registers },
    });
    this.#failures = counter('failures_total', 'Failures of the service itself, as logged');
  }

  /** Counts rows when somebody asks; what cannot be read then is left as it was. */
  count(read: () => Promise<ServiceTotals>): void {
    const registers = [this.#registry];
    let reading: Promise<ServiceTotals | undefined> | undefined;
    // All gauges of one scrape ask at once.
    const totals = (): Promise<ServiceTotals | undefined> =>
      (reading ??= read()
        .catch(() => undefined)
        .finally(() => (reading = undefined)));
    for (const { name, help, count } of [
      {
        ...{ name: 'outbox_waiting', help: 'Alerts that are not acknowledged' },
        count: ({ outbox }: ServiceTotals) => outbox,
      },
      {
        ...{ name: 'webhook_deliveries_waiting', help: 'Deliveries that are still to be made' },
        count: ({ deliveries }: ServiceTotals) => deliveries,
      },
    ])
      new Gauge({
        ...{ name: `shoal_service_${name}`, help, registers },
        async collect() {
          const now = await totals();
          if (now !== undefined) this.set(count(now));
        },
      });
    for (const name of ['broadcasts', 'donations', 'subscriptions'] as const)
      new Gauge({
        ...{ name: `shoal_service_${name}`, help: 'By state', labelNames: ['state'], registers },
        async collect() {
          const now = await totals();
          if (now === undefined) return;
          this.reset();
          for (const [state, count] of Object.entries(now[name])) this.set({ state }, count);
        },
      });
  }

  answered({ route = 'none', method: given, status: code, ms }: Answered): void {
    const method = METHODS.has(given) ? given : 'other';
    this.#requests.inc({ route, method, status: `${Math.floor(code / 100)}xx` });
    this.#seconds.observe({ route, method }, ms / 1_000);
  }

  readerOpened(audience: FeedAudience): void {
    this.#readers.inc({ audience });
  }

  readerClosed(audience: FeedAudience): void {
    this.#readers.dec({ audience });
  }

  readerRefused(status: number): void {
    this.#refused.inc({ status: String(status) });
  }

  readerEnded(reason: ReaderEnd): void {
    this.#ended.inc({ reason });
  }

  appended(type: FeedEvent['type']): void {
    this.#appended.inc({ type });
  }

  /** An event, or events of one reader. */
  sent(count: number): void {
    if (count > 0) this.#sent.inc(count);
  }

  resync(): void {
    this.#resyncs.inc();
  }

  written(outcome: 'accepted' | ChatRefusal['code']): void {
    this.#chat.inc({ outcome });
  }

  /** `rejected` where it answered with no 2xx, `failed` where it did not answer. */
  attempted(attempt: Attempt): void {
    const outcome = wasTaken(attempt)
      ? 'delivered'
      : attempt.type === 'answered'
        ? 'rejected'
        : 'failed';
    this.#webhooks.inc({ outcome });
  }

  queried(kind: 'select' | 'insert' | 'update' | 'delete' | 'other', ms: number): void {
    this.#queries.observe({ kind }, ms / 1_000);
  }

  failed(): void {
    this.#failures.inc();
  }

  render(): Promise<RenderedMetrics> {
    return render(this.#registry);
  }
}
