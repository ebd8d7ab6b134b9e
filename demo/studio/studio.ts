import { element, setText } from '../shared-ui/dom.ts';
import { FeedClient } from '../shared-ui/feed-client.ts';
import { createToasts } from '../shared-ui/toasts.ts';
import { AlertsCard } from './alerts-card.ts';
import { BroadcastCard } from './broadcast-card.ts';
import { ChannelCard } from './channel-card.ts';
import { ChatCard } from './chat-card.ts';
import { HealthCard } from './health-card.ts';
import { KeysCard } from './keys-card.ts';
import { studioSession } from './studio-session.ts';
import { WebhooksCard } from './webhooks-card.ts';

/** How often is read what no feed tells. */
const REFRESH_MS = 5_000;
const REPORTS_MS = 20_000;

/** What of the studio has to do with the broadcast service. */
export type Studio = {
  /** Whether an encoder publishes, as the origin says. */
  readonly streamIs: (isOn: boolean) => void;
};

/** Connects the cards of the broadcast service; undefined, and the page without them, where there is none, or nobody to be it for. */
export function openStudio(of: {
  readonly channel: string;
  readonly token: string | undefined;
  readonly hasService: boolean;
}): Studio | undefined {
  const { channel, token, hasService } = of;
  if (!hasService || token === undefined) {
    document.body.classList.add('without-service');
    if (hasService)
      say('To run the channel, open this page by the address that the terminal printed.');
    return undefined;
  }
  const toasts = createToasts(element('toasts', HTMLDivElement));
  const session = studioSession({ channel, token, toasts });
  const cards = {
    broadcast: new BroadcastCard(session),
    channel: new ChannelCard(session),
    chat: new ChatCard(session),
    health: new HealthCard(session),
    keys: new KeysCard(session),
    alerts: new AlertsCard(session),
    webhooks: new WebhooksCard(session),
  };
  const base = location.href;
  new FeedClient(
    { base, channel, audience: 'viewers', watches: false },
    {
      event: (event) => {
        cards.channel.event(event);
        cards.chat.event(event);
        if (event.type.startsWith('broadcast.')) void cards.broadcast.load();
      },
      connected: (isConnected) => {
        setText('chat-state', isConnected ? '' : 'Connecting…');
      },
      resync: () => {
        void cards.channel.load();
        void cards.chat.load();
        void cards.broadcast.load();
      },
    },
  );
  new FeedClient(
    { base, channel, audience: 'streamer', token },
    {
      event: (event) => {
        cards.alerts.event(event);
        if (event.type === 'stream.health') void cards.health.load();
        if (event.type.startsWith('broadcast.')) void cards.broadcast.load();
      },
      resync: () => void cards.alerts.load(),
    },
  );
  void cards.keys.load();
  void cards.webhooks.load();
  const refresh = async (): Promise<void> => {
    await checkAccess(session.ask('GET', '/outbox?limit=1'));
    // An overlay acknowledges without anybody being told.
    await Promise.all([cards.health.load(), cards.alerts.load()]);
    window.setTimeout(() => void refresh(), REFRESH_MS);
  };
  void refresh();
  window.setInterval(() => void cards.chat.loadPeople(), REPORTS_MS);
  return {
    streamIs: (isOn) => {
      cards.broadcast.streamIs(isOn);
    },
  };
}

async function checkAccess(
  asked: ReturnType<ReturnType<typeof studioSession>['ask']>,
): Promise<void> {
  const answer = await asked;
  const status = answer.type === 'refused' ? answer.status : 0;
  if (status === 401)
    say('The address of this page is no longer good: take the one that the terminal printed last.');
  else if (status === 403) say('This channel is somebody else’s: its streamer alone may run it.');
  else say('');
}

function say(text: string): void {
  setText('access-note', text);
  element('access-note', HTMLParagraphElement).hidden = text === '';
}
