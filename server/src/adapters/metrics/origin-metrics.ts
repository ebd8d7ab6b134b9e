import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { type OriginEvent } from '@shoal/protocol';
import { type ChannelStatus } from '../../core/index.ts';
import { render, type RenderedMetrics } from './rendered.ts';

/** What is counted of what was served. */
type Served = { readonly path: string; readonly status: number; readonly bytes: number };

/** What an origin or a delivery process counts, for Prometheus (OPS-3). Labels are from closed lists; no channel is one. */
export class OriginMetrics {
  readonly #registry = new Registry();
  readonly #publishes: Counter;
  readonly #interruptions: Counter;
  readonly #segments: Counter;
  readonly #encoders: Counter;
  readonly #ingests: Counter<'protocol'>;
  readonly #responses: Counter<'kind' | 'status'>;
  readonly #bytes: Counter<'kind'>;

  /**
   * `channels` tells of those of this process, empty for delivery. With `process`, those of the Node process as well: CPU, memory, garbage
   * collection, event-loop lag.
   */
  constructor(
    options: { readonly process: boolean },
    channels: () => readonly Pick<ChannelStatus, 'state'>[] = () => [],
  ) {
    const registers = [this.#registry];
    if (options.process) collectDefaultMetrics({ register: this.#registry });
    const counter = <Label extends string = never>(
      name: string,
      help: string,
      labelNames: Label[] = [],
    ): Counter<Label> => new Counter({ name: `shoal_origin_${name}`, help, labelNames, registers });
    new Gauge({
      name: 'shoal_origin_channels',
      help: 'Channels, by state',
      ...{ labelNames: ['state'], registers },
      collect() {
        this.reset();
        for (const { state } of channels()) this.inc({ state });
      },
    });
    this.#publishes = counter('publishes_total', 'Publishers that were accepted');
    this.#interruptions = counter('interruptions_total', 'Publishers that were lost');
    this.#segments = counter('segments_total', 'Segments made, in all renditions together');
    this.#encoders = counter(
      'encoder_starts_total',
      'Encoders started: one for a publisher, and one for each that failed',
    );
    this.#ingests = counter('ingest_restarts_total', 'Ends of what takes publishers in', [
      'protocol',
    ]);
    this.#responses = counter('responses_total', 'Answers under /live/', ['kind', 'status']);
    this.#bytes = counter('served_bytes_total', 'Bytes of answers under /live/', ['kind']);
  }

  happened({ type }: OriginEvent): void {
    if (type === 'segment.ready') this.#segments.inc();
    else if (type === 'stream.online') this.#publishes.inc();
    else if (type === 'stream.interrupted') this.#interruptions.inc();
  }

  encoderStarted(): void {
    this.#encoders.inc();
  }

  ingestRestarted(protocol: 'rtmp' | 'srt'): void {
    this.#ingests.inc({ protocol });
  }

  served({ path, status, bytes }: Served): void {
    const kind = path.endsWith('.m3u8') ? 'playlist' : 'media';
    this.#responses.inc({ kind, status: `${Math.floor(status / 100)}xx` });
    this.#bytes.inc({ kind }, bytes);
  }

  render(): Promise<RenderedMetrics> {
    return render(this.#registry);
  }
}
