import { element, setText } from '../shared-ui/dom.ts';
import { FeedClient } from '../shared-ui/feed-client.ts';
import { type Toasts } from '../shared-ui/toasts.ts';
import { createAbout, type WatchAbout } from './about.ts';
import { createChat } from './chat.ts';
import { wireDonations } from './donate.ts';
import { Guest } from './guest.ts';
import { PlaybackReport } from './playback-report.ts';
import { type Player } from './player.ts';

const REPORT_MS = 30_000;

/** What the page has of the broadcast service. */
export type WatchService = {
  readonly about: WatchAbout;
  /** Shows what changes without an event; call about once a second. */
  readonly refresh: (player: Player) => void;
  /** Playback failed. */
  readonly failed: () => void;
};

/** Connects title, chat and donations to the broadcast service of the site. */
export function startService(of: {
  readonly channel: string;
  readonly toasts: Toasts;
  readonly onWords: () => void;
}): WatchService {
  const { channel, toasts, onWords } = of;
  document.body.classList.add('with-service');
  element('chat', HTMLElement).hidden = false;
  const guest = new Guest();
  const about = createAbout(channel, onWords);
  const chat = createChat({ channel, guest, toasts });
  const report = new PlaybackReport();
  const feed = new FeedClient(
    { base: location.href, channel, audience: 'viewers' },
    {
      event: (event) => {
        about.event(event);
        chat.event(event);
      },
      connected: (isConnected) => {
        about.connected(isConnected);
        chat.connected(isConnected);
      },
      resync: () => {
        about.reload();
        chat.reload();
      },
    },
  );
  void wireDonations({ channel, guest, toasts });
  let isPlaying = false;
  window.setInterval(() => {
    if (isPlaying) feed.say(report.take());
  }, REPORT_MS);
  return {
    about,
    refresh: (player) => {
      const stats = player.stats();
      isPlaying = stats !== undefined;
      if (stats !== undefined) report.stalls(stats.stalls);
      const viewers = about.viewers();
      if (viewers !== undefined) setText('viewers', String(viewers));
    },
    failed: () => {
      report.failed();
    },
  };
}
