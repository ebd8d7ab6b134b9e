/** What the bench can start by itself: trackers, and `floor`, which only passes messages on. */
export const TRACKERS = ['shoal', 'bittorrent-tracker', 'floor'] as const;
export type TrackerName = (typeof TRACKERS)[number];

/** What a process with a tracker is asked, one thing at a time. */
export type HostCall = 'start' | 'measure';

/** Its answers. */
export type HostAnswers = {
  /** Its port on 127.0.0.1. */
  readonly start: number;
  readonly measure: ProcessReading;
};

/** Of a process with a tracker, after a garbage collection. */
export type ProcessReading = {
  /** CPU time since its start. */
  readonly cpuUs: number;
  readonly rssBytes: number;
};

export function isTrackerName(name: string): name is TrackerName {
  return (TRACKERS as readonly string[]).includes(name);
}
