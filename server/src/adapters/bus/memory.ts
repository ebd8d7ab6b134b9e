import { type Bus, type OriginEvent } from '@shoal/protocol';

/** A bus within one process: every listener hears every event before `publish` returns. */
export function createMemoryBus(onError: (error: unknown) => void): Bus {
  const listeners = new Set<{ readonly hear: (event: OriginEvent) => void }>();
  return {
    publish: (event) => {
      for (const { hear } of [...listeners]) {
        try {
          hear(event);
        } catch (error) {
          // One listener's bug must not keep the event from the others, nor end a channel.
          onError(error);
        }
      }
    },
    subscribe: (listener) => {
      const entry = { hear: listener };
      listeners.add(entry);
      return () => {
        listeners.delete(entry);
      };
    },
  };
}
