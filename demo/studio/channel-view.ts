import type { ChannelState, ChannelStatus, RenditionStatus } from '../shared-ui/origin-api.ts';
import { formatDuration, formatRate, NO_FIGURE } from '../shared-ui/format.ts';

/** What the studio knows of the channel. */
export type ChannelReport =
  | { readonly type: 'known'; readonly status: ChannelStatus }
  | { readonly type: 'unknown-channel' | 'unreachable' };

/** The status card, ready to be written to the page. */
export type ChannelView = {
  readonly badge: { readonly state: string; readonly text: string };
  readonly headline: string;
  readonly detail: string;
  readonly video: string;
  readonly picture: string;
  readonly frameRate: string;
  readonly bitrate: string;
  /** What is made beside the source. */
  readonly rungs: string;
};

/** Says in plain words where the channel stands at `nowMs` (Unix milliseconds). */
export function channelView(report: ChannelReport, nowMs: number): ChannelView {
  if (report.type !== 'known') return { ...MISSING[report.type], ...media([]) };
  const { status } = report;
  const words = WORDS[status.state];
  const since = status.since === undefined ? '' : formatDuration(nowMs - status.since);
  const onAir = status.state === 'live' || status.state === 'interrupted';
  return {
    badge: { state: status.state, text: words.badge },
    headline: since === '' || !words.timed ? words.headline : `${words.headline} for ${since}`,
    detail:
      status.reason === undefined ? words.detail : `${words.detail} Reason: ${status.reason}.`,
    ...media(onAir ? status.renditions : []),
  };
}

function media(
  renditions: readonly RenditionStatus[],
): Pick<ChannelView, 'video' | 'picture' | 'frameRate' | 'bitrate' | 'rungs'> {
  const [source, ...rungs] = renditions;
  const { codecs, width, height, frameRate, bitrate } = source ?? {};
  return {
    video: codecs === undefined ? NO_FIGURE : codecNames(codecs),
    picture: width === undefined || height === undefined ? NO_FIGURE : `${width} × ${height}`,
    frameRate: frameRate === undefined ? NO_FIGURE : `${Number(frameRate.toFixed(2))} fps`,
    bitrate: bitrate === undefined ? NO_FIGURE : formatRate(bitrate),
    rungs: rungs.length === 0 ? NO_FIGURE : rungs.map(({ rendition }) => rendition).join(', '),
  };
}

/** `avc1.640020,mp4a.40.2` as `H.264 + AAC` (RFC 6381 names); a codec without a usual name stays as it is. */
export function codecNames(codecs: string): string {
  return codecs
    .split(',')
    .map((codec) => {
      const name = codec.trim();
      if (name.startsWith('avc1.') || name.startsWith('avc3.')) return 'H.264';
      if (name.startsWith('mp4a.40.')) return 'AAC';
      return name;
    })
    .join(' + ');
}

type Words = {
  readonly badge: string;
  readonly headline: string;
  /** Whether how long it lasts is worth saying. */
  readonly timed: boolean;
  readonly detail: string;
};

const WORDS: Readonly<Record<ChannelState, Words>> = {
  idle: {
    badge: 'Offline',
    headline: 'Nobody is publishing yet',
    timed: false,
    detail: 'Start your encoder with the server and key below.',
  },
  starting: {
    badge: 'Starting',
    headline: 'The encoder is connected',
    timed: false,
    detail: 'The first segment is being made.',
  },
  live: { badge: 'Live', headline: 'Live', timed: true, detail: 'Everything is running.' },
  interrupted: {
    badge: 'Interrupted',
    headline: 'Interrupted',
    timed: true,
    detail: 'The encoder is gone. Viewers wait; the broadcast goes on if it comes back soon.',
  },
  ended: {
    badge: 'Offline',
    headline: 'The broadcast has ended',
    timed: false,
    detail: 'Start your encoder again to begin the next one.',
  },
};

const MISSING: Readonly<
  Record<'unknown-channel' | 'unreachable', Pick<ChannelView, 'badge' | 'headline' | 'detail'>>
> = {
  'unknown-channel': {
    badge: { state: 'offline', text: 'Unknown' },
    headline: 'There is no such channel',
    detail: 'Check the address of this page.',
  },
  unreachable: {
    badge: { state: 'offline', text: 'No answer' },
    headline: 'The server does not answer',
    detail: 'Trying again every two seconds.',
  },
};
