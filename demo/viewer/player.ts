import type { ShoalStats } from '@shoal/client-sdk';
import type { ChannelId } from '@shoal/protocol';
import { parseChannelStatus, parseSigningKeys } from '../shared-ui/origin-api.ts';
import { getJson } from '../shared-ui/get-json.ts';
import { type ChannelNews, isOnAir, type Phase, phaseOf, type PlayerNews } from './phase.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';

/** What {@link startPlayer} needs besides how to play. */
export type PlayerOptions = Omit<SessionOptions, 'source' | 'signingKeys' | 'onFailed'> & {
  readonly channel: ChannelId;
  readonly onPhase: (phase: Phase) => void;
  /** A playback could not go on; another one begins. */
  readonly onFailed: () => void;
};

/** Plays a channel whenever it is on air, for as long as the page is open. */
export type Player = {
  readonly session: () => Session | undefined;
  readonly stats: () => ShoalStats | undefined;
  readonly setP2P: (enabled: boolean) => void;
  readonly setUpload: (enabled: boolean) => void;
  /** Jumps to the live edge. */
  readonly goLive: () => void;
  readonly close: () => void;
};

const WAITING_POLL_MS = 2_000;
const PLAYING_POLL_MS = 5_000;
/** A player that stands still for so long while the channel is live is started anew. */
const STUCK_MS = 20_000;

/** Asks the origin about the channel, opens the player when there is something to play, and again when it failed. */
export function startPlayer(options: PlayerOptions): Player {
  const { video, channel } = options;
  const undo = new AbortController();
  let session: Session | undefined;
  let { p2p, upload } = options;
  let channelNews: ChannelNews = 'idle';
  let playerNews: PlayerNews = 'closed';
  let newsAt = 0;
  let timer: number | undefined;
  const isClosed = (): boolean => undo.signal.aborted;

  const show = (): void => {
    options.onPhase(phaseOf(channelNews, playerNews));
  };
  const setPlayer = (next: PlayerNews): void => {
    if (next !== playerNews) newsAt = Date.now();
    playerNews = next;
    show();
  };
  const closeSession = (): void => {
    session?.close();
    session = undefined;
    setPlayer('closed');
  };
  const open = async (): Promise<void> => {
    setPlayer('opening');
    const opened = await openSession({
      ...options,
      p2p,
      upload,
      source: `/live/${channel}/index.m3u8`,
      signingKeys: () => askSigningKeys(channel),
      onFailed: () => {
        options.onFailed();
        closeSession();
      },
    });
    if (isClosed()) {
      opened.close();
      return;
    }
    session = opened;
    // The switch may have been used meanwhile.
    if (opened.stats().p2p !== p2p) opened.setP2P(p2p);
    opened.setUpload(upload);
  };
  const tick = async (): Promise<void> => {
    channelNews = await askOrigin(channel);
    if (isClosed()) return;
    const onAir = isOnAir(channelNews);
    const stands = playerNews === 'stalled' || playerNews === 'opening';
    const stuck = channelNews === 'live' && Date.now() - newsAt > STUCK_MS;
    const over = channelNews === 'ended' || channelNews === 'idle';
    if (stands && (stuck || over)) closeSession();
    if (onAir && playerNews === 'closed') await open();
    show();
    const pollMs = playerNews === 'playing' ? PLAYING_POLL_MS : WAITING_POLL_MS;
    // Spread out, so that viewers who were cut off together do not come back together.
    if (isClosed()) return;
    timer = window.setTimeout(() => void tick(), pollMs * (0.8 + Math.random() * 0.4));
  };

  const listen = (name: keyof HTMLMediaElementEventMap, listener: () => void): void => {
    video.addEventListener(name, listener, { signal: undo.signal });
  };
  listen('playing', () => {
    setPlayer('playing');
  });
  // Where autoplay is forbidden there is no `playing` until somebody presses play.
  listen('canplay', () => {
    if (playerNews === 'opening') setPlayer('playing');
  });
  listen('waiting', () => {
    if (playerNews === 'playing' && !video.seeking) setPlayer('stalled');
  });
  listen('ended', () => {
    channelNews = 'ended';
    closeSession();
  });
  show();
  void tick();

  return {
    session: () => session,
    stats: () => session?.stats(),
    setP2P: (enabled) => {
      p2p = enabled;
      session?.setP2P(enabled);
    },
    setUpload: (enabled) => {
      upload = enabled;
      session?.setUpload(enabled);
    },
    goLive: () => {
      const edge = session?.hls.liveSyncPosition;
      if (typeof edge === 'number') video.currentTime = edge;
      void video.play();
    },
    close: () => {
      undo.abort();
      window.clearTimeout(timer);
      session?.close();
    },
  };
}

async function askOrigin(channel: ChannelId): Promise<ChannelNews> {
  const answer = await getJson(`/v1/streams/${channel}`);
  if (answer.type === 'not-found') return 'unknown-channel';
  if (answer.type !== 'ok') return 'unreachable';
  const status = parseChannelStatus(answer.body);
  return status.ok ? status.value.state : 'unreachable';
}

/** Rejects where the origin does not say. */
async function askSigningKeys(channel: ChannelId): Promise<readonly string[]> {
  const answer = await getJson(`/v1/streams/${channel}/playback`);
  if (answer.type !== 'ok') throw new Error(`playback information: ${answer.type}`);
  return parseSigningKeys(answer.body);
}
