import { type HealthIssue, statusOf } from '../health/stream-health.ts';

/** Something about a stream that its streamer may want to change: of the origin's issues, or others. Types are never reused. */
export type BroadcastIssue = Omit<HealthIssue, 'type'> & { readonly type: string };

/** How a stream is. */
export type BroadcastHealth = {
  readonly status: 'good' | 'ok' | 'bad';
  readonly issues: readonly BroadcastIssue[];
};

/** How playback goes for those viewers that said so lately. */
export type PlaybackShare = {
  readonly viewers: number;
  /** Of these, those with stalls or errors. */
  readonly troubled: number;
};

/** Fewer viewers say nothing about the stream. */
const VIEWERS = 3;
const WARNING_SHARE = 0.25;
const ERROR_SHARE = 0.5;

/** The health of a stream with what its viewers say (HLT-2). */
export function healthOf(of: BroadcastHealth | undefined, share: PlaybackShare): BroadcastHealth {
  const issues = [...(of?.issues ?? []), ...stallIssue(share)];
  return { status: worse(of?.status ?? 'good', statusOf(issues)), issues };
}

/** What must differ for a streamer to be told anew: status and kinds of issues (HLT-3). */
export function healthKey({ status, issues }: BroadcastHealth): string {
  const types = [...new Set(issues.map(({ type }) => type))].sort();
  return [status, ...types].join(' ');
}

function stallIssue({ viewers, troubled }: PlaybackShare): readonly BroadcastIssue[] {
  const share = viewers === 0 ? 0 : troubled / viewers;
  if (viewers < VIEWERS || share < WARNING_SHARE) return [];
  const percent = Math.round(share * 100);
  return [
    {
      type: 'viewersStall',
      severity: share >= ERROR_SHARE ? 'error' : 'warning',
      reason: `${troubled} of ${viewers} viewers had stalls or errors in the last minute`,
      description: `Playback stops for ${percent} % of the viewers. If the stream is fine on your side, a lower bitrate helps those whose connection is slow.`,
    },
  ];
}

const ORDER = ['good', 'ok', 'bad'] as const;

function worse(
  one: BroadcastHealth['status'],
  other: BroadcastHealth['status'],
): BroadcastHealth['status'] {
  return ORDER.indexOf(one) >= ORDER.indexOf(other) ? one : other;
}
