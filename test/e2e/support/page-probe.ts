import type {} from '@shoal/demo/viewer/test-hook';
import type {} from '../../support/channel-meter.ts';
import type Hls from 'hls.js';

/** What the probe has seen of a page, independent of the SDK's own counters. */
export type Probe = {
  /** Bytes that were received from and given to data channels, closed connections included. */
  readonly received: number;
  readonly sent: number;
  /** Times the playhead stood still for 750 ms and more after it had moved, though nobody paused it. */
  readonly stalls: number;
  /** Seconds the playhead has moved. */
  readonly played: number;
};

/** A loaded fragment as the player saw it. */
export type LoadedFragment = { readonly url: string; readonly sha256: string };

/** What {@link installProbe} leaves in the page. */
type PageProbe = {
  readonly read: () => Probe;
  readonly fragments: LoadedFragment[];
  /** Begins to note the fragments that the page's player loads. */
  readonly watchFragments: () => void;
};

declare global {
  var shoalProbe: PageProbe | undefined;
}

/**
 * Runs in the page before anything else: watches the playhead, beside what `installChannelMeter` counts. Self-contained, since only its source is sent.
 */
export function installProbe(): void {
  let stalls = 0;
  let played = 0;
  let stood = 0;
  let position: number | undefined;
  setInterval(() => {
    const video = document.querySelector('video');
    if (video === null || video.readyState === 0) return;
    const moved = position === undefined ? 0 : video.currentTime - position;
    position = video.currentTime;
    if (moved > 0 && moved < 5) played += moved;
    stood = moved === 0 && played > 0 && !video.paused ? stood + 1 : 0;
    if (stood === 3) stalls += 1;
  }, 250);
  const fragments: LoadedFragment[] = [];
  globalThis.shoalProbe = {
    fragments,
    read: () => ({ sent: 0, received: 0, ...globalThis.channelBytes, stalls, played }),
    watchFragments: () => {
      const hls = globalThis.shoalPage?.hls;
      if (hls === undefined) return;
      // The page's own copy of hls.js knows the name.
      const { FRAG_LOADED } = (hls.constructor as typeof Hls).Events;
      hls.on(FRAG_LOADED, (_, { frag, payload }) => {
        if (typeof frag.sn !== 'number' || !(payload instanceof ArrayBuffer)) return;
        void crypto.subtle.digest('SHA-256', payload.slice(0)).then((hash) => {
          const hex = [...new Uint8Array(hash)]
            .map((b) => b.toString(16).padStart(2, '0'))
            .join('');
          fragments.push({ url: frag.url, sha256: hex });
        });
      });
    },
  };
}

/** Runs in the page before anything else: flips the last byte of every piece the page sends. */
export function installLiar(): void {
  const PIECE = 5;
  const native = Object.getOwnPropertyDescriptor(RTCDataChannel.prototype, 'send');
  const send = native?.value as (this: RTCDataChannel, data: unknown) => void;
  RTCDataChannel.prototype.send = function (this: RTCDataChannel, data: unknown): void {
    const bytes =
      data instanceof ArrayBuffer
        ? new Uint8Array(data)
        : ArrayBuffer.isView(data)
          ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
          : undefined;
    if (bytes?.[0] !== PIECE) {
      send.call(this, data);
      return;
    }
    const forged = bytes.slice();
    forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1;
    send.call(this, forged);
  };
}
