import { applyToChat, loadChat } from '../shared-ui/chat-feed.ts';
import { type ChatLine, ChatList } from '../shared-ui/chat-list.ts';
import { type ChatAction, createChatView, type ChatView } from '../shared-ui/chat-view.ts';
import { element, make, makeButton, setText, whileBusy } from '../shared-ui/dom.ts';
import { fieldsOf, listOf, numberOf, textOf } from '../shared-ui/fields.ts';
import { type FeedNews } from '../shared-ui/feed-client.ts';
import { refusalText } from '../shared-ui/refusal-text.ts';
import { type ChatSettings, parseChatSettings } from '../shared-ui/service-api.ts';
import { whenText } from '../shared-ui/when-text.ts';
import { isOutdated } from './channel-card.ts';
import { type StudioSession } from './studio-session.ts';

/** Of the shorter and the longer time-out, in seconds. */
const TIME_OUTS = [600, 86_400] as const;
const RANKS_ABOVE = ['streamer', 'admin'];

/** The chat with what moderators do: delete, time out, ban, set how it is run, see to reports. */
export class ChatCard {
  readonly #session: StudioSession;
  readonly #list = new ChatList();
  readonly #view: ChatView;
  readonly #mode = element('set-mode', HTMLSelectElement);
  readonly #slow = element('set-slow', HTMLInputElement);
  readonly #words = element('set-words', HTMLTextAreaElement);
  #read: { readonly settings: ChatSettings; readonly etag: string | undefined } | undefined;

  constructor(session: StudioSession) {
    this.#session = session;
    this.#view = createChatView({
      log: element('chat-log', HTMLDivElement),
      newer: element('chat-new', HTMLButtonElement),
      list: this.#list,
      actions: (line) => this.#actions(line),
    });
    const text = element('chat-text', HTMLInputElement);
    whileBusy(element('chat-form', HTMLFormElement), 'submit', async () => {
      if (text.value.trim() === '') return;
      const body = { text: text.value };
      if ((await session.get('POST', '/chat/messages', { body })) !== undefined) text.value = '';
      text.focus();
    });
    whileBusy(element('set-form', HTMLFormElement), 'submit', () => this.#save());
  }

  async load(): Promise<void> {
    if (await loadChat(this.#list, this.#session.channel, this.#session.token)) this.#view.update();
    await Promise.all([this.#loadSettings(), this.loadPeople()]);
  }

  event(event: FeedNews): void {
    if (applyToChat(this.#list, event)) this.#view.update();
    else if (event.type === 'chat.settings.updated') void this.#loadSettings();
    else if (event.type.startsWith('chat.user.')) void this.loadPeople();
  }

  /** Reads reports and bans: of reports no feed tells. */
  async loadPeople(): Promise<void> {
    const [reports, bans] = await Promise.all([
      this.#session.ask('GET', '/reports?open=true&limit=20'),
      this.#session.ask('GET', '/bans?limit=50'),
    ]);
    if (reports.type === 'ok') {
      const rows = listOf(fieldsOf(reports.body)['reports']).map((of) => this.#report(of));
      element('reports', HTMLDivElement).replaceChildren(...rows);
      element('reports-none', HTMLParagraphElement).hidden = rows.length > 0;
      setText('tab-chat-count', rows.length === 0 ? '' : String(rows.length));
    }
    if (bans.type === 'ok') {
      const rows = listOf(fieldsOf(bans.body)['bans']).map((of) => this.#ban(of));
      element('bans', HTMLDivElement).replaceChildren(...rows);
      element('bans-none', HTMLParagraphElement).hidden = rows.length > 0;
    }
  }

  #actions({ id, author }: ChatLine): readonly ChatAction[] {
    const remove = { words: 'Delete', run: () => this.#delete(id) };
    if (RANKS_ABOVE.includes(author.rank)) return [remove];
    const [short, long] = TIME_OUTS;
    return [
      remove,
      { words: 'Time out for 10 minutes', run: () => this.#silence(author, short) },
      { words: 'Time out for a day', run: () => this.#silence(author, long) },
      { words: 'Ban, and delete what they wrote', run: () => this.#silence(author, null) },
    ];
  }

  async #delete(id: string): Promise<void> {
    await this.#session.get('DELETE', `/chat/messages/${id}`);
  }

  async #silence({ id, name }: ChatLine['author'], seconds: number | null): Promise<void> {
    const body = { seconds, deleteMessages: seconds === null, reason: '' };
    if ((await this.#session.get('PUT', `/bans/${id}`, { body })) === undefined) return;
    this.#session.toasts.show(
      seconds === null ? `${name} is banned.` : `${name} may not write for a while.`,
      'good',
    );
    await this.loadPeople();
  }

  #report(value: unknown): HTMLElement {
    const of = fieldsOf(value);
    const [id, reason] = [textOf(of['id']), textOf(of['reason'])];
    const about = fieldsOf(of['about']);
    const author = fieldsOf(about['author']);
    const who = { id: textOf(author['id']), name: textOf(author['name']), rank: '' };
    const resolve = async (): Promise<void> => {
      await this.#session.get('POST', `/reports/${id}/resolve`, { body: {} });
      await this.loadPeople();
    };
    const buttons = make('div', { class: 'buttons' });
    const message = textOf(about['id']);
    if (message !== '' && about['deletedAt'] === null)
      buttons.append(
        makeButton({ text: 'Delete it' }, async () => {
          await this.#delete(message);
          await resolve();
        }),
        makeButton({ text: 'Ban them', class: 'button danger' }, async () => {
          await this.#silence(who, null);
          await resolve();
        }),
      );
    buttons.append(makeButton({ text: 'It is fine' }, resolve));
    return make(
      'div',
      { class: 'item', testId: 'report' },
      make('p', {}, make('b', { text: who.name }), ' ', textOf(about['text'])),
      make('p', { class: 'quiet', text: reason === '' ? 'No reason was given.' : `“${reason}”` }),
      buttons,
    );
  }

  #ban(value: unknown): HTMLElement {
    const of = fieldsOf(value);
    const [user, until] = [textOf(of['user']), numberOf(of['until'])];
    const known = this.#list.lines.find(({ author }) => author.id === user)?.author.name ?? user;
    const words = until === undefined ? 'Banned' : `Until ${whenText(until, Date.now())}`;
    const reason = textOf(of['reason']);
    return make(
      'div',
      { class: 'item row', testId: 'ban' },
      make(
        'div',
        {},
        make('b', { text: known }),
        make('p', { class: 'quiet', text: reason === '' ? words : `${words}: ${reason}` }),
      ),
      makeButton({ text: 'Let write again' }, async () => {
        await this.#session.get('DELETE', `/bans/${user}`);
        await this.loadPeople();
      }),
    );
  }

  async #loadSettings(): Promise<void> {
    if ((await this.#readSettings()) === 'other' && this.#read !== undefined)
      this.#show(this.#read.settings);
  }

  /** Reads which version there is now, and what it has; what is being written stays. */
  async #readSettings(): Promise<'same' | 'other'> {
    const answer = await this.#session.ask('GET', '/chat/settings');
    if (answer.type !== 'ok') return 'same';
    const before = this.#read?.settings;
    const settings = parseChatSettings(answer.body);
    this.#read = { settings, etag: answer.etag };
    return JSON.stringify(before) === JSON.stringify(settings) ? 'same' : 'other';
  }

  async #save(): Promise<void> {
    const body = {
      ...{ mode: this.#mode.value, slowModeSeconds: Math.round(Number(this.#slow.value)) },
      blockedWords: this.#words.value
        .split('\n')
        .map((word) => word.trim())
        .filter((word) => word !== ''),
    };
    const change = (): ReturnType<StudioSession['ask']> =>
      this.#session.ask('PATCH', '/chat/settings', { body, ifMatch: this.#read?.etag });
    let answer = await change();
    // The version is that of the whole channel: its title may be all that has changed.
    if (isOutdated(answer) && (await this.#readSettings()) === 'same') answer = await change();
    if (answer.type === 'ok') {
      this.#read = { settings: parseChatSettings(answer.body), etag: answer.etag };
      setText('set-note', 'Saved.');
      return;
    }
    setText(
      'set-note',
      answer.type === 'refused' && answer.status === 400
        ? 'A word has letters or digits and at most 50 characters; slow mode is 0 to 3,600 s.'
        : refusalText(answer),
    );
  }

  #show({ mode, slowModeSeconds, blockedWords }: ChatSettings): void {
    this.#mode.value = mode;
    this.#slow.value = String(slowModeSeconds);
    this.#words.value = blockedWords.join('\n');
  }
}
