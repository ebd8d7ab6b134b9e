import { type SourceMedia } from '../flv/publish-feed.ts';
import { type Measured } from './health-meter.ts';
import { type HealthIssue } from './stream-health.ts';

/** From when on what is missing is missed. */
const MISSED_MS = 5_000;
/** Slower than real time: some players run dry after minutes, or nearly all at once. */
const SLOW = 0.95;
const VERY_SLOW = 0.8;
/** Share of media that become segments in time; segments come whole, so that it is never known better than this. */
const LATE = 0.8;
/** For so long of a minute a publisher may not be read before its machine is said to be behind. */
const HELD_MS = 3_000;
const UNSTABLE = 0.5;
/** Bits for each point of a picture. */
const FEW_BITS = 0.02;
const FEW_FRAMES = 15;
/** AAC of which nothing is heard takes next to nothing. */
const SILENT_BITRATE = 6_000;
const SILENT_MS = 30_000;
const VERY_LONG_MS = 10_000;
/** By how much key frames may be further apart than segments are long. */
const SLACK = 1.25;

/** What is wrong with what a publisher sends, the worst first. */
export function healthIssues(
  measured: Measured,
  media: SourceMedia,
  segmentMs: number,
): readonly HealthIssue[] {
  const found = [
    missing(measured),
    pace(measured),
    keyFrames(measured, segmentMs),
    sound(measured),
    jumps(measured),
    unstable(measured),
    ...picture(measured, media),
  ].filter((issue) => issue !== undefined);
  return found.sort((a, b) => WORST.indexOf(a.severity) - WORST.indexOf(b.severity));
}

const WORST = ['error', 'warning', 'info'];

function missing({ publishedMs, sinceVideoMs, sinceAudioMs }: Measured): HealthIssue | undefined {
  const missedMs = sinceVideoMs ?? publishedMs;
  if (missedMs < MISSED_MS) return undefined;
  // Sound alone from the beginning is meant, most likely.
  const isMeant = sinceVideoMs === undefined && sinceAudioMs !== undefined;
  return {
    type: 'noVideo',
    severity: isMeant ? 'info' : 'warning',
    reason: 'No picture arrives',
    description: `There has been no picture for ${seconds(missedMs)}. Check the video source of your encoder.`,
  };
}

function sound(measured: Measured): HealthIssue | undefined {
  const { publishedMs, sinceAudioMs = publishedMs, audioBitrate, plainAac } = measured;
  if (sinceAudioMs >= MISSED_MS)
    return {
      type: 'noAudio',
      severity: 'warning',
      reason: 'No sound arrives',
      description: `There has been no sound for ${seconds(sinceAudioMs)}. Check that your encoder sends an audio track.`,
    };
  if (!plainAac || publishedMs < SILENT_MS || audioBitrate >= SILENT_BITRATE) return undefined;
  return {
    type: 'silentAudio',
    severity: 'warning',
    reason: 'The sound is silent',
    description:
      'There is an audio track, but nothing has been heard in it for half a minute. Check that your microphone is on and not muted.',
  };
}

/** Whether all comes, and becomes segments, in time; whose fault it is where not. */
function pace({ speed, made, heldMs, sinceVideoMs }: Measured): HealthIssue | undefined {
  const behind = made !== undefined && made < LATE && (speed === undefined || speed > made + 0.1);
  if (behind || heldMs > HELD_MS)
    return {
      type: 'segmentsLate',
      severity: 'error',
      reason: 'The server is behind',
      description:
        'The server makes segments more slowly than your picture arrives, and viewers wait. This is no fault of your encoder: ask the operator, or send a smaller picture.',
    };
  // What is missing is not slow.
  if (sinceVideoMs !== undefined && sinceVideoMs >= MISSED_MS) return undefined;
  if (speed === undefined || speed >= SLOW) return undefined;
  return {
    type: 'encoderTooSlow',
    severity: speed < VERY_SLOW ? 'error' : 'warning',
    reason: 'The stream is slower than real time',
    description: `Of each second only ${speed.toFixed(2)} s arrive. Your computer or your connection is too slow for these settings: lower the bit rate, the resolution or the frame rate, or choose a faster preset.`,
  };
}

function keyFrames({ keyframeIntervalMs }: Measured, segmentMs: number): HealthIssue | undefined {
  if (keyframeIntervalMs === undefined || keyframeIntervalMs <= SLACK * segmentMs) return undefined;
  return {
    type: 'keyframeIntervalTooLong',
    severity: keyframeIntervalMs > VERY_LONG_MS ? 'error' : 'warning',
    reason: 'Key frames are too far apart',
    description: `A key frame comes every ${seconds(keyframeIntervalMs)}. Set the key frame interval of your encoder to ${seconds(segmentMs)}, so that players start and change quality at once.`,
  };
}

function jumps({ jumps: count }: Measured): HealthIssue | undefined {
  if (count === 0) return undefined;
  return {
    type: 'timestampsJump',
    severity: 'warning',
    reason: 'The clock of the stream jumps',
    description: `Its timestamps have jumped ${count === 1 ? 'once' : `${count} times`} in the last minute, which viewers see as stutter. Restart your encoder; if it goes on, check its capture devices.`,
  };
}

function unstable({ bitrateSpread }: Measured): HealthIssue | undefined {
  if (bitrateSpread === undefined || bitrateSpread <= UNSTABLE) return undefined;
  return {
    type: 'bitrateUnstable',
    severity: 'warning',
    reason: 'The bit rate is unstable',
    description: `It varies by ${Math.round(bitrateSpread * 100)} % around its mean. Set rate control to CBR, and check that nothing else takes your upload.`,
  };
}

function picture(
  { videoBitrate, frameRate, publishedMs }: Measured,
  { picture: size }: SourceMedia,
): readonly HealthIssue[] {
  if (publishedMs < SILENT_MS || frameRate === 0) return [];
  const issues: HealthIssue[] = [];
  if (frameRate < FEW_FRAMES)
    issues.push({
      type: 'frameRateTooLow',
      severity: 'info',
      reason: 'Few frames a second',
      description: `The picture has ${frameRate.toFixed(1)} frames a second. Motion looks smooth from 25 on.`,
    });
  const points = size === undefined ? 0 : size.width * size.height * frameRate;
  if (size !== undefined && videoBitrate < points * FEW_BITS)
    issues.push({
      type: 'bitrateTooLow',
      severity: 'info',
      reason: 'The bit rate is low for this picture',
      description: `${Math.round(videoBitrate / 1_000)} kbit/s are little for ${size.width}×${size.height}: it may look blurred in motion. Raise the bit rate, or lower the resolution.`,
    });
  return issues;
}

function seconds(ms: number): string {
  return `${Number((ms / 1_000).toFixed(1))} s`;
}
