import { type ChannelId } from '@shoal/protocol';
import { type StreamReport } from '@shoal/server/core';
import { createMemoryBus } from '../../../server/src/adapters/bus/memory.ts';
import { type LocalOrigin } from '../../../server/src/adapters/origins/local-origin.ts';

type State = 'idle' | 'live' | 'interrupted' | 'ended';

const EVENTS = {
  live: 'stream.online',
  interrupted: 'stream.interrupted',
  ended: 'stream.offline',
} as const;

/** An origin whose streams do what a test says, for what would take real ones minutes. */
export class ScriptedOrigin implements LocalOrigin {
  readonly bus = createMemoryBus((error) => {
    throw error;
  });
  /** Who was dropped, and why. */
  readonly dropped: { readonly channel: ChannelId; readonly reason: string }[] = [];
  readonly reports = new Map<string, unknown>();
  readonly #streams = new Map<ChannelId, { readonly state: State; readonly since: number }>();
  #now = Date.now();

  constructor(...channels: readonly ChannelId[]) {
    for (const channel of channels) this.#streams.set(channel, { state: 'idle', since: this.#now });
  }

  /** Something happens to a stream, of which the origin tells unless it is to be found out. */
  becomes(
    channel: ChannelId,
    state: keyof typeof EVENTS,
    options: { silent?: boolean } = {},
  ): void {
    const at = (this.#now = Math.max(this.#now + 1, Date.now()));
    this.#streams.set(channel, { state, since: at });
    if (options.silent !== true) this.bus.publish({ type: EVENTS[state], channel, at });
  }

  /** It has the channel no more. */
  forget(channel: ChannelId): void {
    this.#streams.delete(channel);
  }

  says<Field extends keyof StreamReport>(
    channel: ChannelId,
    field: Field,
    report: StreamReport[Field],
  ): void {
    this.reports.set(`${channel}/${field}`, report);
  }

  streams(): ReturnType<LocalOrigin['streams']> {
    return this.list();
  }

  list(): readonly {
    readonly channel: ChannelId;
    readonly state: State;
    readonly since: number;
  }[] {
    return [...this.#streams].map(([channel, stream]) => ({ channel, ...stream }));
  }

  report<Field extends keyof StreamReport>(
    channel: ChannelId,
    field: Field,
  ): StreamReport[Field] | undefined {
    return this.reports.get(`${channel}/${field}`) as StreamReport[Field] | undefined; // put there as one
  }

  drop(channel: ChannelId, reason: string): void {
    this.dropped.push({ channel, reason });
  }
}
