import { type ChannelBytes, installChannelMeter } from '../../support/channel-meter.ts';

installChannelMeter();

/** Counts what engines hand to channels and get from them. Import before any engine. */
export function countChannelBytes(): ChannelBytes {
  return { sent: 0, received: 0, ...globalThis.channelBytes };
}
