import { type AudioCodec, type VideoCodec } from '../flv/codecs.ts';

/** What can be wrong with what a publisher sends. Types are never used for something else. */
export type HealthIssueType =
  | 'interrupted'
  | 'noVideo'
  | 'noAudio'
  | 'silentAudio'
  | 'keyframeIntervalTooLong'
  | 'bitrateUnstable'
  | 'bitrateTooLow'
  | 'frameRateTooLow'
  | 'timestampsJump'
  | 'encoderTooSlow'
  | 'segmentsLate';

/** One of them, in words for the streamer. */
export type HealthIssue = {
  readonly type: HealthIssueType;
  /** `info`: could be better; `warning`: some viewers notice; `error`: most do. */
  readonly severity: 'info' | 'warning' | 'error';
  /** What is wrong, in a few words. */
  readonly reason: string;
  /** What was measured, and what to do about it. */
  readonly description: string;
};

/** `bad` with an issue that is an error, `ok` with one that is a warning. */
export function statusOf(issues: readonly Pick<HealthIssue, 'severity'>[]): 'good' | 'ok' | 'bad' {
  if (issues.some(({ severity }) => severity === 'error')) return 'bad';
  return issues.some(({ severity }) => severity === 'warning') ? 'ok' : 'good';
}

/** How well a channel gets what it needs of its publisher (ORG-42). Bit rates in bits per second. */
export type StreamHealth = {
  readonly status: ReturnType<typeof statusOf>;
  readonly issues: readonly HealthIssue[];
  /** Whether there is a publisher; of none nothing is measured. */
  readonly publishing: boolean;
  /** When it began, Unix milliseconds. */
  readonly since?: number;
  /** Of picture and sound, mean of the last half minute. */
  readonly bitrate?: number;
  /** How much media come in a second: 1 is real time. Absent for the first seconds. */
  readonly speed?: number;
  readonly video?: {
    readonly codec?: VideoCodec;
    readonly width?: number;
    readonly height?: number;
    readonly bitrate: number;
    /** Standard deviation of its bit rate over 5 s, as a share of the mean. Absent for the first half minute. */
    readonly bitrateSpread?: number;
    /** Frames per second. */
    readonly frameRate: number;
    /** Mean of the last ones, or how long there has been none. */
    readonly keyframeIntervalMs?: number;
  };
  readonly audio?: { readonly codec?: AudioCodec; readonly bitrate: number };
};
