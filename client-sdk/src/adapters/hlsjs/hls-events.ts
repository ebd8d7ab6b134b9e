import type Hls from 'hls.js';
import type { Events } from 'hls.js';

/**
 * The event names of the player's own hls.js: importing them would bring a second copy of hls.js into
 * pages that load it as a script.
 */
export function eventsOf(hls: Hls): typeof Events {
  // The class of an instance is typed as any function.
  return (hls.constructor as typeof Hls).Events;
}
