import { element, make, setText } from '../shared-ui/dom.ts';
import { type FeedNews } from '../shared-ui/feed-client.ts';
import { numberOf } from '../shared-ui/fields.ts';
import {
  type BroadcastInfo,
  type ChannelAbout,
  parseAbout,
  parseBroadcasts,
  withTransition,
} from '../shared-ui/service-api.ts';
import { askService } from '../shared-ui/service-client.ts';
import { whenText } from '../shared-ui/when-text.ts';
import { type Phase } from './phase.ts';

/** What the service says of the channel. */
export type WatchAbout = {
  readonly event: (event: FeedNews) => void;
  readonly reload: () => void;
  /** What of the phase is to be shown, with the words that the service has for it. */
  readonly phase: (phase: Phase) => Phase;
  readonly connected: (isConnected: boolean) => void;
  /** How many watch, where the service says so. */
  readonly viewers: () => number | undefined;
};

/** Connects title, category and tags of the page. `onChange` is called when the words for the phase are other ones. */
export function createAbout(channel: string, onChange: () => void): WatchAbout {
  let broadcasts: readonly BroadcastInfo[] = [];
  let count: number | undefined;
  let about: ChannelAbout = { title: '', category: '', tags: [] };
  const show = (): void => {
    showAbout(channel, about, broadcasts.find(({ state }) => isOn(state))?.title ?? '');
  };
  const loadBroadcasts = async (): Promise<void> => {
    const answer = await askService('GET', `/channels/${channel}/broadcasts?limit=5`);
    if (answer.type !== 'ok') return;
    broadcasts = parseBroadcasts(answer.body);
    show();
    onChange();
  };
  const loadAbout = async (): Promise<void> => {
    const answer = await askService('GET', `/channels/${channel}`);
    if (answer.type !== 'ok') return;
    about = parseAbout(answer.body);
    show();
  };
  return {
    event: ({ type, data, at }) => {
      if (type === 'channel.updated') {
        about = parseAbout(data);
        show();
      } else if (type === 'broadcast.transitioned') {
        broadcasts = withTransition(broadcasts, data, at);
        show();
        onChange();
      } else if (type === 'viewer.count') {
        count = numberOf(data['viewers']);
      }
    },
    reload: () => {
      void loadAbout();
      void loadBroadcasts();
    },
    phase: (phase) => withBroadcast(phase, broadcasts, Date.now()),
    connected: (isConnected) => {
      // The count is told when it changes, for as long as there is a connection.
      if (!isConnected) count = undefined;
    },
    viewers: () => count,
  };
}

function isOn(state: string): boolean {
  return state === 'live' || state === 'interrupted';
}

/** The words for a phase, with what was on. */
export function withBroadcast(
  phase: Phase,
  broadcasts: readonly BroadcastInfo[],
  now: number,
): Phase {
  const current = broadcasts.find(({ state }) => isOn(state));
  if (phase.type === 'playing' && !phase.live && phase.notice !== undefined && current?.title)
    return { ...phase, notice: `“${current.title}”: ${phase.notice}` };
  if (phase.type !== 'waiting' || !phase.isOff) return phase;
  const last = broadcasts.find(({ endedAt }) => endedAt !== undefined);
  if (last?.endedAt === undefined) return phase;
  const name = last.title === '' ? 'The last broadcast' : `“${last.title}”`;
  return {
    ...phase,
    title: 'The channel is off the air',
    detail: `${name} was live until ${whenText(last.endedAt, now)}. Playback begins by itself when the next broadcast starts.`,
  };
}

function showAbout(channel: string, { title, category, tags }: ChannelAbout, now: string): void {
  const name = title === '' ? (now === '' ? channel : now) : title;
  setText('title', name);
  document.title = `${name} – Shoal`;
  const meta = element('meta', HTMLParagraphElement);
  const own = make('b', { text: channel, testId: 'channel' });
  // Where it is the title as well it is said once.
  own.hidden = name === channel;
  meta.replaceChildren(own);
  const add = (text: string, className: string, testId: string): void => {
    if (text !== '') meta.append(make('span', { text, class: className, testId }));
  };
  add(category, 'category', 'category');
  if (now !== name) add(now === '' ? '' : `On now: ${now}`, 'on-now', 'broadcast-title');
  for (const tag of tags) add(tag, 'tag', 'tag');
  meta.hidden = name === channel && meta.children.length === 1;
}
