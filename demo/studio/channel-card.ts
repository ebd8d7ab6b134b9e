import { element, setText, whileBusy } from '../shared-ui/dom.ts';
import { type FeedNews } from '../shared-ui/feed-client.ts';
import { refusalText } from '../shared-ui/refusal-text.ts';
import { type ChannelAbout, parseAbout } from '../shared-ui/service-api.ts';
import { type ServiceAnswer } from '../shared-ui/service-client.ts';
import { type StudioSession } from './studio-session.ts';

/** Tags as they are written: separated by commas. */
export function readTags(text: string): readonly string[] {
  return text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

/** Edits what the channel is called. A change of somebody else is told, and overwrites nothing that is being written. */
export class ChannelCard {
  readonly #session: StudioSession;
  readonly #title = element('edit-title', HTMLInputElement);
  readonly #category = element('edit-category', HTMLInputElement);
  readonly #tags = element('edit-tags', HTMLInputElement);
  /** What was read, and its version: what is written is meant for that one. */
  #read: { readonly about: ChannelAbout; readonly etag: string | undefined } | undefined;

  constructor(session: StudioSession) {
    this.#session = session;
    whileBusy(element('edit-form', HTMLFormElement), 'submit', () => this.#save());
    element('edit-form', HTMLFormElement).addEventListener('input', () => {
      this.#say('');
    });
  }

  async load(): Promise<void> {
    const answer = await this.#session.ask('GET', '');
    if (answer.type !== 'ok') return;
    const isWritten = this.#isWritten();
    this.#read = { about: parseAbout(answer.body), etag: answer.etag };
    if (!isWritten) this.#show();
  }

  event({ type, data }: FeedNews): void {
    if (type !== 'channel.updated') return;
    const about = parseAbout(data);
    const known = this.#read?.about;
    if (known !== undefined && isSame(known, about)) return;
    // The version is kept: saving over what somebody else has written is to be refused.
    if (this.#isWritten())
      this.#say(`Somebody else has changed the title to “${about.title}” meanwhile.`);
    else void this.load();
  }

  async #save(): Promise<void> {
    const body = {
      ...{ title: this.#title.value.trim(), category: this.#category.value.trim() },
      tags: readTags(this.#tags.value),
    };
    const change = (): ReturnType<StudioSession['ask']> =>
      this.#session.ask('PATCH', '', { body, ifMatch: this.#read?.etag });
    let answer = await change();
    // The version is that of the whole channel: how its chat is run may be all that has changed.
    if (isOutdated(answer) && (await this.#readVersion()) === 'same') answer = await change();
    if (answer.type === 'ok') {
      this.#read = { about: parseAbout(answer.body), etag: answer.etag };
      this.#show();
      this.#say('Saved: every viewer sees it.', 'good');
      return;
    }
    if (isOutdated(answer) && this.#read !== undefined)
      this.#say(
        `Somebody else has changed this meanwhile, to “${this.#read.about.title}”. Your text is still here: save again to have it instead.`,
      );
    else this.#refused(answer);
  }

  /** Reads which version there is now, and what it has; what is being written stays. */
  async #readVersion(): Promise<'same' | 'other'> {
    const answer = await this.#session.ask('GET', '');
    if (answer.type !== 'ok') return 'other';
    const before = this.#read?.about;
    const about = parseAbout(answer.body);
    this.#read = { about, etag: answer.etag };
    return before !== undefined && isSame(before, about) ? 'same' : 'other';
  }

  #refused(answer: Exclude<ServiceAnswer, { type: 'ok' }>): void {
    this.#say(
      answer.type === 'refused' && answer.status === 400
        ? 'That is too long: a title has 140 characters, a category 60, and there are 10 tags of 25.'
        : refusalText(answer),
    );
  }

  #isWritten(): boolean {
    if (this.#read === undefined) return false;
    const { title, category, tags } = this.#read.about;
    return (
      this.#title.value !== title ||
      this.#category.value !== category ||
      this.#tags.value !== tags.join(', ')
    );
  }

  #show(): void {
    if (this.#read === undefined) return;
    const { title, category, tags } = this.#read.about;
    this.#title.value = title;
    this.#category.value = category;
    this.#tags.value = tags.join(', ');
  }

  #say(text: string, kind: 'problem' | 'good' = 'problem'): void {
    setText('edit-note', text);
    element('edit-note', HTMLParagraphElement).dataset['kind'] = kind;
  }
}

/** Whether it was meant for another version than there is. */
export function isOutdated(answer: ServiceAnswer): boolean {
  return answer.type === 'refused' && answer.status === 412;
}

function isSame(a: ChannelAbout, b: ChannelAbout): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
