import { ByteRate } from '../byte-rate.ts';

type Channel = {
  readonly bufferedAmount: number;
  readonly bufferedAmountLowThreshold: number;
  onbufferedamountlow: ((event: Event) => void) | null;
  readonly readyState: string;
  send: (data: never) => void;
};

/** Holds back what the data channels of one viewer send, so that all of them together keep to a rate. */
export class UplinkShaper {
  readonly #rate: ByteRate;

  constructor(kbps: number) {
    this.#rate = new ByteRate(kbps);
  }

  /** Changes the channel in place, and returns it. */
  shape<Shaped extends Channel>(channel: Shaped): Shaped {
    const send = channel.send.bind(channel);
    const rate = this.#rate;
    const waiting: { readonly data: never; readonly bytes: number }[] = [];
    let waitingBytes = 0;
    let running = false;
    const run = async (): Promise<void> => {
      running = true;
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        await rate.take(next.bytes);
        waiting.shift();
        waitingBytes -= next.bytes;
        if (channel.readyState !== 'open') continue;
        send(next.data);
        if (waitingBytes <= channel.bufferedAmountLowThreshold)
          channel.onbufferedamountlow?.(new Event('bufferedamountlow'));
      }
      running = false;
    };
    channel.send = (data) => {
      const bytes = sizeOf(data);
      waiting.push({ data, bytes });
      waitingBytes += bytes;
      // What cannot be sent any more is noticed by the channel's own close.
      if (!running) void run().catch(() => undefined);
    };
    Object.defineProperty(channel, 'bufferedAmount', { get: () => waitingBytes });
    return channel;
  }
}

function sizeOf(data: unknown): number {
  if (typeof data === 'string') return data.length;
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return data.byteLength;
  return 0;
}
