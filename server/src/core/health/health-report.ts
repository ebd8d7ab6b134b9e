import { type SourceMedia } from '../flv/publish-feed.ts';
import { healthIssues } from './health-issues.ts';
import { type HealthMeter } from './health-meter.ts';
import { type HealthIssue, statusOf, type StreamHealth } from './stream-health.ts';

const INTERRUPTED: HealthIssue = {
  type: 'interrupted',
  severity: 'error',
  reason: 'The stream is interrupted',
  description:
    'Your encoder is not connected any more. If you did not end the stream, check your connection and start it again: the broadcast goes on.',
};

/** What there is to say while nobody publishes. */
export function healthWithout(isInterrupted: boolean): StreamHealth {
  return isInterrupted
    ? { status: 'bad', issues: [INTERRUPTED], publishing: false }
    : { status: 'good', issues: [], publishing: false };
}

/** What was measured of a publisher, and what is wrong with it (ORG-42). */
export function healthReport(
  meter: HealthMeter,
  {
    media,
    segmentMs,
    now,
  }: { readonly media: SourceMedia; readonly segmentMs: number; readonly now: number },
): StreamHealth {
  const measured = meter.measure(now);
  const issues = healthIssues(measured, media, segmentMs);
  const { videoBitrate, audioBitrate, speed, sinceVideoMs, sinceAudioMs } = measured;
  return {
    status: statusOf(issues),
    issues,
    publishing: true,
    since: meter.began,
    bitrate: Math.round(videoBitrate + audioBitrate),
    ...(speed !== undefined && { speed: rounded(speed) }),
    ...(sinceVideoMs !== undefined && {
      video: {
        ...(media.video !== undefined && { codec: media.video }),
        ...media.picture,
        bitrate: Math.round(videoBitrate),
        ...(measured.bitrateSpread !== undefined && {
          bitrateSpread: rounded(measured.bitrateSpread),
        }),
        frameRate: rounded(measured.frameRate),
        ...(measured.keyframeIntervalMs !== undefined && {
          keyframeIntervalMs: Math.round(measured.keyframeIntervalMs),
        }),
      },
    }),
    ...(sinceAudioMs !== undefined && {
      audio: {
        ...(media.audio !== undefined && { codec: media.audio }),
        bitrate: Math.round(audioBitrate),
      },
    }),
  };
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
