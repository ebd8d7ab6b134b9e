import { applyToChat, loadChat } from '../shared-ui/chat-feed.ts';
import { ChatList } from '../shared-ui/chat-list.ts';
import { type ChatAction, createChatView } from '../shared-ui/chat-view.ts';
import { element, setText, whileBusy } from '../shared-ui/dom.ts';
import { type FeedNews } from '../shared-ui/feed-client.ts';
import { modeText, refusalText, waitText } from '../shared-ui/refusal-text.ts';
import { type ChatSettings, parseChatSettings } from '../shared-ui/service-api.ts';
import { askService, type ServiceFailure } from '../shared-ui/service-client.ts';
import { type Toasts } from '../shared-ui/toasts.ts';
import { type Guest } from './guest.ts';

const COUNTDOWN_MS = 250;

/** The chat beside the video. */
export type WatchChat = {
  readonly event: (event: FeedNews) => void;
  /** Reads everything anew. */
  readonly reload: () => void;
  readonly connected: (isConnected: boolean) => void;
};

/** What the chat needs. */
export type WatchChatParts = {
  readonly channel: string;
  readonly guest: Guest;
  readonly toasts: Toasts;
};

/** Connects the chat of the page. */
export function createChat(parts: WatchChatParts): WatchChat {
  const list = new ChatList();
  const view = createChatView({
    log: element('chat-log', HTMLDivElement),
    newer: element('chat-new', HTMLButtonElement),
    list,
    actions: (line) => lineActions(parts, line),
  });
  const form = new ChatForm(parts);
  const loadSettings = async (): Promise<void> => {
    const answer = await askService('GET', `/channels/${parts.channel}/chat/settings`);
    if (answer.type === 'ok') form.settings(parseChatSettings(answer.body));
  };
  const load = async (): Promise<void> => {
    if (await loadChat(list, parts.channel)) view.update();
  };
  return {
    event: (event) => {
      if (applyToChat(list, event)) view.update();
      else form.event(event);
    },
    reload: () => {
      void load();
      void loadSettings();
    },
    connected: (isConnected) => {
      setText('chat-state', isConnected ? '' : 'Connecting…');
    },
  };
}

function lineActions(
  { channel, guest, toasts }: WatchChatParts,
  { id, author }: { readonly id: string; readonly author: { readonly id: string } },
): readonly ChatAction[] {
  const tell = async (method: 'POST' | 'DELETE', path: string, thanks: string): Promise<void> => {
    if (guest.name === '') {
      toasts.show('Choose a name in the chat first.');
      return;
    }
    const body = method === 'POST' ? { body: { message: id } } : {};
    const answer = await guest.ask(method, `/channels/${channel}/${path}`, body);
    toasts.show(answer.type === 'ok' ? thanks : refusalText(answer));
  };
  if (author.id === guest.id)
    return [
      {
        words: 'Delete my message',
        run: () => tell('DELETE', `chat/messages/${id}`, 'Your message is deleted.'),
      },
    ];
  return [
    {
      words: 'Report to the moderators',
      run: () => tell('POST', 'reports', 'Thank you. The moderators will see it.'),
    },
  ];
}

/** Where a viewer writes. */
class ChatForm {
  readonly #parts: WatchChatParts;
  readonly #name = element('chat-name', HTMLInputElement);
  readonly #text = element('chat-text', HTMLInputElement);
  readonly #send = element('chat-send', HTMLButtonElement);
  readonly #problem = element('chat-problem', HTMLParagraphElement);
  #mode = 'everyone';
  #slowSeconds = 0;
  #isBanned = false;
  /** Until when one may not write, and why. */
  #wait: { readonly until: number; readonly code: string } | undefined;
  #timer: number | undefined;

  constructor(parts: WatchChatParts) {
    this.#parts = parts;
    this.#showName(parts.guest.name === '');
    whileBusy(element('chat-form', HTMLFormElement), 'submit', () => this.#submit());
    element('chat-rename', HTMLButtonElement).addEventListener('click', () => {
      this.#showName(true);
      this.#name.focus();
    });
  }

  settings({ mode, slowModeSeconds }: ChatSettings): void {
    this.#mode = mode;
    this.#slowSeconds = slowModeSeconds;
    if (slowModeSeconds === 0 && this.#wait?.code === 'slow-mode') this.#wait = undefined;
    this.#show();
  }

  event({ type, data }: FeedNews): void {
    const isMe = data['user'] !== undefined && data['user'] === this.#parts.guest.id;
    if (type === 'chat.settings.updated') this.settings(parseChatSettings(data));
    else if (type === 'chat.user.banned' && isMe) {
      const { until } = data;
      if (typeof until === 'number') this.#wait = { until, code: 'timed-out' };
      else this.#isBanned = true;
      this.#show();
    } else if (type === 'chat.user.unbanned' && isMe) {
      this.#isBanned = false;
      this.#wait = undefined;
      this.#show();
    }
  }

  async #submit(): Promise<void> {
    const { guest, channel } = this.#parts;
    if (this.#send.disabled) return;
    const [name, text] = [this.#name.value.trim(), this.#text.value.trim()];
    if (name === '') {
      this.#showName(true);
      this.#say('Choose a name first.');
      this.#name.focus();
      return;
    }
    if (text === '') {
      this.#text.focus();
      return;
    }
    guest.rename(name);
    const answer = await guest.ask('POST', `/channels/${channel}/chat/messages`, {
      body: { text },
    });
    if (answer.type === 'ok') {
      this.#text.value = '';
      this.#showName(false);
      this.#wait = undefined;
      if (this.#slowSeconds > 0)
        this.#wait = { until: Date.now() + this.#slowSeconds * 1000, code: 'slow-mode' };
      this.#show();
    } else this.#refused(answer);
    this.#text.focus();
  }

  #refused(failure: ServiceFailure): void {
    const { code, retryMs } = failure.type === 'refused' ? failure : { code: '' };
    if (code === 'banned') this.#isBanned = true;
    if (retryMs !== undefined) this.#wait = { until: Date.now() + retryMs, code };
    this.#show();
    if (!this.#isBanned && this.#wait === undefined) this.#say(refusalText(failure));
  }

  /** Says why one may not write now, and lets write whoever may. */
  #show(): void {
    window.clearTimeout(this.#timer);
    const closed = this.#isBanned ? 'You are banned from this chat.' : modeText(this.#mode);
    const left = (this.#wait?.until ?? 0) - Date.now();
    const waiting = left > 0 ? waitText(this.#wait?.code ?? '', left) : undefined;
    this.#text.disabled = closed !== undefined;
    this.#send.disabled = closed !== undefined || waiting !== undefined;
    this.#say(closed ?? waiting ?? '');
    if (waiting === undefined) this.#wait = undefined;
    else
      this.#timer = window.setTimeout(() => {
        this.#show();
      }, COUNTDOWN_MS);
  }

  #say(text: string): void {
    // Said anew, it is read out anew.
    if (this.#problem.textContent !== text) this.#problem.textContent = text;
    this.#problem.hidden = text === '';
  }

  #showName(isEdited: boolean): void {
    const { name } = this.#parts.guest;
    this.#name.value = this.#name.value === '' || !isEdited ? name : this.#name.value;
    element('chat-name-field', HTMLLabelElement).hidden = !isEdited;
    element('chat-identity', HTMLParagraphElement).hidden = isEdited;
    setText('chat-name-shown', name);
  }
}
